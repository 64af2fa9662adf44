"""The build graph of a target: dependents, build order and cycles (builds.md 7, 8.1, 8.2). Names are `origin/name`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import cast

from chalicelib.core.builds import reduction
from chalicelib.core.builds.build_order import ordered
from chalicelib.core.builds.numbered_graph import Node, NumberedGraph


class BuildGraph:
    """An immutable graph of names. Edges lead from a name to the names that its latest release needs."""

    def __init__(self, nodes: Mapping[str, Node] | None = None) -> None:
        self._graph = NumberedGraph(nodes or {})

    def changed(self, nodes: Mapping[str, Node | None]) -> "BuildGraph":
        """Return the graph with some nodes added or replaced (None: removed). Takes little time for few changes."""
        graph = BuildGraph()
        graph._graph = self._graph.changed(nodes)
        return graph

    def __contains__(self, name: str) -> bool:
        return self._graph.has_node(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, ident in zip(self._graph.names, self._graph.idents, strict=True) if ident is not None)

    def __len__(self) -> int:
        return len(self._graph.idents) - self._graph.idents.count(None)

    def latest(self, name: str) -> str:
        """Return the full ident of the latest release known for a name, or an empty text."""
        number = self._graph.numbers.get(name)
        return "" if number is None else self._graph.idents[number] or ""

    def dependencies(self, name: str) -> Collection[str]:
        """Return the names that a name needs directly, to build or to run."""
        return self._named(self._graph.needs, name)

    def first_dependency_in(self, name: str, names: Set[str]) -> str:
        """Return the first of some names that a name needs directly, to run rather than to build, or an empty text."""
        needs = self._graph.needs[self._graph.numbers[name]] if name in self._graph.numbers else ()
        return next(filter(names.__contains__, map(self._graph.names.__getitem__, needs)), "")

    def runtime_dependencies(self, name: str) -> Collection[str]:
        """Return the names that a name needs directly to run."""
        return self._named(self._graph.deps, name)

    def dependents(self, name: str) -> list[str]:
        """Return all names that need a name directly or indirectly, in build order, without the name itself.

        Edges that close a cycle are left out of the order, the same ones every time; independent names are in order
        of their text.
        """
        return self._graph.named(self._dependents_of(name))

    def dependents_of_any(self, names: Iterable[str]) -> set[str]:
        """Return all names that need one of some names directly or indirectly, without these names themselves."""
        numbers = self._graph.numbers
        roots = {numbers[name] for name in names if name in numbers}
        return set(self._graph.named(self._graph.dependents_of(roots)))

    def groups(self, name: str) -> list[list[str]]:
        """Return the dependents of a name in groups, each of which needs only earlier ones to run (builds.md 7.2).

        The groups are cut greedily from the build order, as the contract requires.
        """
        dependents = self._dependents_of(name)
        unsatisfied = set(dependents)
        groups: list[list[int]] = []
        for number in dependents:
            is_satisfied = unsatisfied.isdisjoint(self._graph.deps[number])
            if groups and not is_satisfied:
                unsatisfied.difference_update(groups[-1])
            if not groups or not is_satisfied:
                groups.append([])
            groups[-1].append(number)
        return list(map(self._graph.named, groups))

    def order(self, names: Collection[str]) -> list[str]:
        """Return some names in build order. Names without a node, which need nothing, come first."""
        numbers, idents = self._graph.numbers, self._graph.idents
        found = set(map(numbers.get, names))
        unknown = [name for name in names if name not in numbers] if None in found else []
        members = cast("set[int]", found - {None})
        without_node = {number for number in members if idents[number] is None}
        members -= without_node
        unneeded = sorted({*self._graph.named(without_node), *unknown})
        return unneeded + self._graph.named(ordered(self._graph, members))

    def needed_within(self, names: list[str]) -> Mapping[str, Collection[str]]:
        """Return for each of some names in build order the names among them that it must wait for.

        The result has no cycle, and no edge that follows from others (a transitive reduction).
        """
        positions = {name: position for position, name in enumerate(names)}
        needs = []
        for position, name in enumerate(names):
            within = (positions.get(needed, position) for needed in self.dependencies(name))
            needs.append(sorted((each for each in within if each < position), reverse=True))
        reduced = reduction.reduced(needs)
        return {name: [names[each] for each in reduced[position]] for position, name in enumerate(names)}

    def cycle_closed_by(self, name: str, needed: Collection[str]) -> list[str]:
        """Return the cycle that a release would close if `name` needed these names, or an empty list.

        The list begins and ends with the name; each name in it needs the next one. A name without a node does not
        close a cycle.
        """
        if name not in self:
            return []
        if name in needed:
            return [name, name]
        numbers = self._graph.numbers
        wanted = {numbers[each] for each in needed if each in numbers}
        root = numbers[name]
        next_on_path = {root: root}
        pending = [root] if wanted else []
        for current in pending:
            for dependent in self._graph.dependents[current]:
                if dependent in next_on_path:
                    continue
                next_on_path[dependent] = current
                if dependent in wanted:
                    return [name, *self._path(dependent, next_on_path)]
                pending.append(dependent)
        return []

    def _named(self, edges: Sequence[tuple[int, ...]], name: str) -> list[str]:
        number = self._graph.numbers.get(name)
        return [] if number is None else self._graph.named(edges[number])

    def _path(self, number: int, next_on_path: Mapping[int, int]) -> list[str]:
        path = [number]
        while next_on_path[number] != number:
            number = next_on_path[number]
            path.append(number)
        return self._graph.named(path)

    def _dependents_of(self, name: str) -> list[int]:
        """Return all that need a name directly or indirectly, without the name itself, in build order."""
        root = self._graph.numbers.get(name)
        return [] if root is None else ordered(self._graph, self._graph.dependents_of({root}))
