"""Build graphs of tests: small ones by hand, and large ones that resemble a depot."""

import random
from collections.abc import Iterable, Mapping

from hypothesis import strategies as st

from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.numbered_graph import Node
from chalicelib.core.target import Target
from chalicelib.graph import nodes, rows, snapshots

NAMES = [f"o/{letter}" for letter in "abcdefghij"]
SOME = st.lists(st.sampled_from(NAMES), max_size=4).map(tuple)
NODES = st.dictionaries(st.sampled_from(NAMES), st.builds(Node, st.just("o/x/1/1"), SOME, SOME))
"""Nodes of some of the names, which need any of them, also in cycles."""


def a_node(name: str, deps: str = "", build_deps: str = "", version: str = "1") -> Node:
    """Return the node of a release. Dependencies are separated by spaces."""
    return Node(f"{name}/{version}/20240101000000", tuple(deps.split()), tuple(build_deps.split()))


def needs(nodes: dict[str, Node], name: str) -> set[str]:
    """The names that a name needs directly."""
    node = nodes.get(name, a_node(name))
    return {*node.deps, *node.build_deps} - {name}


def reached(nodes: dict[str, Node], start: str) -> set[str]:
    """The names that a name needs directly or indirectly."""
    found: set[str] = set()
    pending = [start]
    while pending:
        new = needs(nodes, pending.pop()) - found
        found |= new
        pending += new
    return found


def a_graph(**edges: str) -> BuildGraph:
    """Return a graph of names in origin `o`. `b="a | c"` needs `o/a` to run and `o/c` to build."""
    nodes = {}
    for name, needed in edges.items():
        deps, _, build_deps = (" ".join(f"o/{each}" for each in part.split()) for part in needed.partition("|"))
        nodes[f"o/{name}"] = a_node(f"o/{name}", deps, build_deps)
    return BuildGraph(nodes)


def a_graph_of(needs: Mapping[str, Iterable[str]], latest: Mapping[str, str] | None = None) -> BuildGraph:
    """Return a graph of full names. `needs` holds the names that each name needs, `latest` the idents of some names."""
    idents = latest or {}
    return BuildGraph(
        {name: Node(idents.get(name, f"{name}/1/20240101000000"), tuple(needed)) for name, needed in needs.items()}
    )


def nodes_like_a_depot(number: int, origins: int = 500, seed: int = 1) -> dict[str, Node]:
    """Return nodes without cycles that need eight names each, a few of which most others need."""
    source = random.Random(seed)
    names = [f"origin-{source.randrange(origins)}/package-{each}" for each in range(number)]
    nodes = {}
    for position, name in enumerate(names):
        needed = [names[int(position * source.random() ** 3)] for _ in range(min(position, 8))]
        nodes[name] = a_node(name, " ".join(needed[::2]), " ".join(needed[1::2]))
    return nodes


def fold_shard_of(name: str) -> None:
    """Fold the changes of the shard of a name for Linux, so that the next uploads of the name do not fold them."""
    snapshots.fold(Target.X86_64_LINUX, rows.shard_of(name))


def make_fold_due(name: str) -> None:
    """Note so many changes of a name for Linux that the next upload that changes its node folds them."""
    fold_shard_of(name)
    for number in range(nodes.FOLD_EVERY - 1):
        nodes.announce(Target.X86_64_LINUX, name, number + 1)
