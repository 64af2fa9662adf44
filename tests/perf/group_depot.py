"""A depot for job groups: the packages of a graph that resembles the core plans, their projects and their build graph.

`python -m tests.perf.group_depot OWNER ORIGIN NAMES [GRAPH]` writes it to the engine at AWS_ENDPOINT_URL. GRAPH is a
JSON file of plans, a list of `{"name", "deps", "build_deps"}` with full names.
"""

import json
import random
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.numbered_graph import Node
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform.table import put_many
from local.seed import bulk_writer
from local.seed.package_graph import FEWEST, generate
from local.seed.releases import GeneratedDepot, Release
from tests.builders.project_rows import a_project_row

LINUX = Target.X86_64_LINUX
RELEASE = "20240101000000"


@dataclass(frozen=True)
class PlannedDepot(GeneratedDepot):
    """A depot with one release of each name of a graph, all in one origin."""

    nodes: Mapping[str, Node] = field(default_factory=dict)

    @property
    def origins(self) -> dict[str, int]:
        """The origin of the names, with their number."""
        return {next(iter(self.nodes)).partition("/")[0]: len(self.nodes)}

    def names(self, origin: str) -> Iterator[list[Release]]:
        """Yield the release of each name."""
        for name, node in self.nodes.items():
            deps, build_deps = (tuple(map(ident_of, needed)) for needed in (node.deps, node.build_deps))
            yield [Release(PackageIdent.parse(ident_of(name)), LINUX, deps, (), build_deps, (), private=False)]


def ident_of(name: str) -> str:
    """Return the ident of the only release of a name."""
    return f"{name}/1.0.0/{RELEASE}"


def write(nodes: Mapping[str, Node], owner: str) -> None:
    """Create the origin of some nodes, and write their packages, their build graph and their projects."""
    bulk_writer.write(PlannedDepot(len(nodes), nodes=nodes), owner)
    put_many([a_project_row(name) for name in nodes])


def nodes_like_core(origin: str, names: int, seed: int = 1) -> dict[str, Node]:
    """Return the nodes of a generated graph. Fewer than a hundred names are a part that holds most of its cycles."""
    plans = {plan.name: (plan.deps, plan.build_deps) for plan in generate(seed, max(names, FEWEST))}
    return _within(origin, plans, _most_needed(plans, names))


def nodes_of_file(origin: str, path: Path) -> dict[str, Node]:
    """Return the nodes of a file of plans, with their names moved to an origin."""
    plans = {
        plan["name"]: (_last_parts(plan["deps"]), _last_parts(plan["build_deps"]))
        for plan in json.loads(path.read_text())
    }
    return _within(origin, plans, plans.keys())


def most_needed(nodes: Mapping[str, Node]) -> str:
    """Return the name with the most dependents; of several, the one that needs the least."""
    graph = BuildGraph(nodes)
    return max(nodes, key=lambda name: (len(graph.dependents(name)), -len(graph.dependencies(name)), name))


def durations(names: Iterable[str], mean: float, seed: int) -> dict[str, float]:
    """Return how long the build of each name takes, in seconds: a tenth of the mean to several times the mean."""
    source = random.Random(seed)
    return {name: mean * (0.1 + 0.9 * source.expovariate(1.0)) for name in sorted(names)}


class Bound:
    """The least time in which some workers can build a group, in seconds."""

    def __init__(self, nodes: Mapping[str, Node], names: Collection[str], seconds: Mapping[str, float]) -> None:
        graph = BuildGraph(nodes)
        ordered = graph.order(names)
        needed = graph.needed_within(ordered)
        self._seconds = {name: seconds[name] for name in ordered}
        self._before: dict[str, float] = {}
        self._after = dict.fromkeys(ordered, 0.0)
        for name in ordered:
            self._before[name] = max((self._before[each] + seconds[each] for each in needed[name]), default=0.0)
        for name in reversed(ordered):
            for each in needed[name]:
                self._after[each] = max(self._after[each], self._after[name] + seconds[name])

    def simple(self, workers: int) -> float:
        """Return the length of the longest path, or the work of each worker if that is more."""
        longest = max(self._before[name] + seconds for name, seconds in self._seconds.items())
        return max(longest, sum(self._seconds.values()) / workers)

    def tight(self, workers: int) -> float:
        """Return a bound that also counts the workers that must be idle at the beginning and at the end.

        Builds that cannot begin before a moment take at least their work divided by the workers, after that moment;
        then the shortest path behind one of them is left.
        """
        bound, work, left = self.simple(workers), 0.0, float("inf")
        for name in sorted(self._seconds, key=self._before.__getitem__, reverse=True):
            work, left = work + self._seconds[name], min(left, self._after[name])
            bound = max(bound, self._before[name] + work / workers + left)
        return bound


def _within(
    origin: str, plans: Mapping[str, tuple[Iterable[str], Iterable[str]]], names: Collection[str]
) -> dict[str, Node]:
    nodes = {}
    for name in names:
        deps, build_deps = (tuple(f"{origin}/{each}" for each in kind if each in names) for kind in plans[name])
        nodes[f"{origin}/{name}"] = Node(ident_of(f"{origin}/{name}"), deps, build_deps)
    return nodes


def _last_parts(names: Iterable[str]) -> list[str]:
    return [name.rpartition("/")[2] for name in names]


def _most_needed(plans: Mapping[str, tuple[Iterable[str], Iterable[str]]], number: int) -> list[str]:
    needed: dict[str, int] = defaultdict(int)
    for deps, build_deps in plans.values():
        for each in (*deps, *build_deps):
            needed[each] += 1
    return sorted(plans, key=lambda name: (-needed[name], name))[:number]


def nodes_for(origin: str, names: int, path: Path | None) -> dict[str, Node]:
    """Return the nodes of a file of plans, or those of a generated graph."""
    return nodes_like_core(origin, names) if path is None else nodes_of_file(origin, path)


if __name__ == "__main__":
    _owner, _origin, _names, *_path = sys.argv[1:]
    write(nodes_for(_origin, int(_names), Path(_path[0]) if _path else None), _owner)
