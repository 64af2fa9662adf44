"""The build graph of a target: dependents, build order and cycles (builds.md 7, 8.1, 8.2). Names are `origin/name`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import chain

from msgspec import Struct

from chalicelib.core import cycles

BITSET_COLUMNS = 16_384
"""How many names `needed_within` compares at once, so that 100,000 names need 200 MB at most."""


CYCLES_ALONE = 3
"""So many cycles near the beginning are found one by one, each with a new order up to the next one. To find the others,
everything behind them must be read."""

NEAR = 8
"""The beginning is this part of the names."""


class Node(Struct, frozen=True):
    """The latest release of a name: its full ident, and the names that it needs to run and to build."""

    ident: str
    deps: tuple[str, ...] = ()
    build_deps: tuple[str, ...] = ()


class BuildGraph:
    """An immutable graph of names. Edges lead from a name to the names that its latest release needs.

    Names have numbers, in the order of their text until `changed` adds names. A name that others need has a number
    also without a node. A name that needs itself has no edge for that.
    """

    def __init__(self, nodes: Mapping[str, Node] | None = None) -> None:
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._idents: list[str | None] = []
        self._deps: list[tuple[int, ...]] = []
        self._needs: list[tuple[int, ...]] = []
        self._dependents: list[list[int]] = []
        nodes = nodes or {}
        needed = chain.from_iterable(map(_needed_by, nodes.values()))
        for name in sorted({*nodes, *needed}):
            self._number(name)
        for name, node in nodes.items():
            number = self._set(name, node)
            for each in self._needs[number]:
                self._dependents[each].append(number)

    def changed(self, nodes: Mapping[str, Node | None]) -> "BuildGraph":
        """Return the graph with some nodes added or replaced (None: removed). Takes little time for few changes."""
        graph = BuildGraph()
        graph._names, graph._numbers = self._names.copy(), self._numbers.copy()
        graph._idents, graph._deps = self._idents.copy(), self._deps.copy()
        graph._needs, graph._dependents = self._needs.copy(), self._dependents.copy()
        gained: dict[int, list[int]] = defaultdict(list)
        lost: dict[int, set[int]] = defaultdict(set)
        for name, node in nodes.items():
            before = set(graph._needs[graph._number(name)])
            number = graph._set(name, node)
            after = set(graph._needs[number])
            for needed in after - before:
                gained[needed].append(number)
            for needed in before - after:
                lost[needed].add(number)
        for needed in {*gained, *lost}:
            gone = lost.get(needed, ())
            kept = [each for each in graph._dependents[needed] if each not in gone]
            graph._dependents[needed] = kept + gained.get(needed, [])
        return graph

    def __contains__(self, name: str) -> bool:
        number = self._numbers.get(name)
        return number is not None and self._idents[number] is not None

    def __iter__(self) -> Iterator[str]:
        return (name for name, ident in zip(self._names, self._idents, strict=True) if ident is not None)

    def __len__(self) -> int:
        return len(self._idents) - self._idents.count(None)

    def latest(self, name: str) -> str:
        """Return the full ident of the latest release known for a name, or an empty text."""
        number = self._numbers.get(name)
        return "" if number is None else self._idents[number] or ""

    def dependencies(self, name: str) -> Collection[str]:
        """Return the names that a name needs directly, to build or to run."""
        return self._named(self._needs, name)

    def runtime_dependencies(self, name: str) -> Collection[str]:
        """Return the names that a name needs directly to run."""
        return self._named(self._deps, name)

    def dependents(self, name: str) -> list[str]:
        """Return all names that need a name directly or indirectly, in build order, without the name itself.

        Edges that close a cycle are left out of the order, the same ones every time; independent names are in order
        of their text.
        """
        return [self._names[number] for number in self._dependents_of(name)]

    def groups(self, name: str) -> list[list[str]]:
        """Return the dependents of a name in groups, each of which needs only earlier ones to run (builds.md 7.2).

        The groups are cut greedily from the build order, as the contract requires.
        """
        ordered = self._dependents_of(name)
        unsatisfied = set(ordered)
        groups: list[list[int]] = []
        for number in ordered:
            needed = unsatisfied.intersection(self._deps[number])
            if groups and needed:
                unsatisfied.difference_update(groups[-1])
            if not groups or needed:
                groups.append([])
            groups[-1].append(number)
        return [[self._names[number] for number in group] for group in groups]

    def order(self, names: Collection[str]) -> list[str]:
        """Return some names in build order. Names without a node, which need nothing, come first."""
        without_node = sorted(name for name in set(names) if name not in self)
        members = {self._numbers[name] for name in names if name in self}
        return without_node + [self._names[number] for number in self._ordered(members)]

    def needed_within(self, ordered: list[str]) -> Mapping[str, Collection[str]]:
        """Return for each of some names in build order the names among them that it must wait for.

        The result has no cycle, and no edge that follows from others (a transitive reduction).
        """
        positions = {name: position for position, name in enumerate(ordered)}
        needs = []
        for position, name in enumerate(ordered):
            within = (positions.get(needed, position) for needed in self.dependencies(name))
            needs.append(sorted((each for each in within if each < position), reverse=True))
        implied = _implied(needs)
        return {
            name: [ordered[each] for each in needs[position] if (position, each) not in implied]
            for position, name in enumerate(ordered)
        }

    def cycle_closed_by(self, name: str, needed: Collection[str]) -> list[str]:
        """Return the cycle that a release would close if `name` needed these names, or an empty list.

        The list begins and ends with the name; each name in it needs the next one. A name without a node does not
        close a cycle.
        """
        if name not in self:
            return []
        if name in needed:
            return [name, name]
        wanted = {self._numbers[each] for each in needed if each in self._numbers}
        root = self._numbers[name]
        next_on_path = {root: root}
        pending = [root] if wanted else []
        for current in pending:
            for dependent in self._dependents[current]:
                if dependent in next_on_path:
                    continue
                next_on_path[dependent] = current
                if dependent in wanted:
                    return [name, *self._path(dependent, next_on_path)]
                pending.append(dependent)
        return []

    def _number(self, name: str) -> int:
        """Return the number of a name, which is new if the graph does not have the name."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._names)
            self._names.append(name)
            self._idents.append(None)
            self._deps.append(())
            self._needs.append(())
            self._dependents.append([])
        return number

    def _set(self, name: str, node: Node | None) -> int:
        """Set the latest release of a name and what it needs, but not the opposite edges. Returns the number."""
        number = self._number(name)
        if node is None:
            self._idents[number], self._deps[number], self._needs[number] = None, (), ()
            return number
        self._idents[number] = node.ident
        self._deps[number] = self._numbered(node.deps, number)
        self._needs[number] = self._numbered(_needed_by(node), number)
        return number

    def _numbered(self, names: Iterable[str], without: int) -> tuple[int, ...]:
        try:
            numbers = dict.fromkeys(map(self._numbers.__getitem__, names))
        except KeyError:  # a new name
            numbers = dict.fromkeys(map(self._number, names))
        numbers.pop(without, None)
        return tuple(numbers)

    def _named(self, edges: Sequence[tuple[int, ...]], name: str) -> list[str]:
        number = self._numbers.get(name)
        return [] if number is None else [self._names[each] for each in edges[number]]

    def _path(self, number: int, next_on_path: Mapping[int, int]) -> list[str]:
        path = [self._names[number]]
        while next_on_path[number] != number:
            number = next_on_path[number]
            path.append(self._names[number])
        return path

    def _dependents_of(self, name: str) -> list[int]:
        """Return all that need a name directly or indirectly, without the name itself, in build order."""
        root = self._numbers.get(name)
        if root is None:
            return []
        members: set[int] = set()
        level = {root}
        while level:
            level = set().union(*map(self._dependents.__getitem__, level)) - members
            members |= level
        members.discard(root)
        return self._ordered(members)

    def _waits_within(self, members: set[int]) -> list[int]:
        """Return for each member the number of its needs that are members, and 0 for all others.

        Counts for the members, or subtracts for the others, whichever are fewer.
        """
        needs = self._needs
        if 2 * len(members) < len(needs):
            waits_for = [0] * len(needs)
            for member in members:
                waits_for[member] = len(members.intersection(needs[member]))
            return waits_for
        waits_for = list(map(len, needs))
        others = set(range(len(needs))) - members
        for other in others:
            for dependent in self._dependents[other]:
                waits_for[dependent] -= 1
        for other in others:
            waits_for[other] = 0
        return waits_for

    def _ordered(self, members: set[int]) -> list[int]:
        """Return some numbers in build order: always the first name of those whose needs are all in front of it."""
        waits_for = self._waits_within(members)
        replaced: dict[int, list[int]] = {}
        for cycle in range(CYCLES_ALONE + 2):
            ordered = self._sorted(members, waits_for.copy(), replaced)
            if len(ordered) == len(members):
                break
            rest = members.difference(ordered)
            is_near = cycle < CYCLES_ALONE and NEAR * len(ordered) < len(members)
            edges = self._first_cycle(rest) if is_near else self._cyclic(rest)
            for number, needed in cycles.closing_edges(edges).items():
                waits_for[number] -= len(needed)
                for each in needed:
                    replaced[each] = [other for other in replaced.get(each, self._dependents[each]) if other != number]
        return ordered

    def _sorted(self, members: set[int], waits_for: list[int], replaced: Mapping[int, list[int]]) -> list[int]:
        """Return those members that are neither on a cycle nor behind one, in build order. Changes `waits_for`.

        `replaced` holds dependents to use instead of those of the graph.
        """
        ranks, by_rank = self._ranks
        ready = [ranks[member] for member in members if not waits_for[member]]
        heapify(ready)
        ordered = []
        while ready:
            number = by_rank[heappop(ready)]
            ordered.append(number)
            for dependent in replaced.get(number, self._dependents[number]):
                left = waits_for[dependent] - 1  # negative for a name that is not a member
                waits_for[dependent] = left
                if not left:
                    heappush(ready, ranks[dependent])
        return ordered

    def _first_cycle(self, numbers: set[int]) -> cycles.Edges:
        """Return a cycle that needs nothing else. Each of the numbers needs another one."""
        return self._edges(cycles.first_cycle(min(numbers), lambda number: numbers.intersection(self._needs[number])))

    def _cyclic(self, numbers: set[int]) -> cycles.Edges:
        """Return those of some numbers that are on a cycle or between two."""
        needed_by = {number: len(numbers.intersection(self._dependents[number])) for number in numbers}
        pending = [number for number, dependents in needed_by.items() if not dependents]
        for number in pending:
            numbers.remove(number)
            for needed in numbers.intersection(self._needs[number]):
                needed_by[needed] -= 1
                if not needed_by[needed]:
                    pending.append(needed)
        return self._edges(numbers)

    def _edges(self, numbers: set[int]) -> cycles.Edges:
        """Return what some numbers need of each other, in order of their text."""
        edges = {}
        for number in sorted(numbers, key=self._ranks[0].__getitem__):
            deps = self._deps[number]
            needs = [each for each in self._needs[number] if each in numbers]
            edges[number] = ([each for each in needs if each in deps], [each for each in needs if each not in deps])
        return edges

    @cached_property
    def _ranks(self) -> tuple[Sequence[int], Sequence[int]]:
        """The rank of each number in the order of the names, and the number of each rank."""
        by_rank = sorted(range(len(self._names)), key=self._names.__getitem__)
        ranks = [0] * len(by_rank)
        for rank, number in enumerate(by_rank):
            ranks[number] = rank
        return ranks, by_rank


def _needed_by(node: Node) -> tuple[str, ...]:
    return node.deps + node.build_deps


def _implied(needs: list[list[int]]) -> set[tuple[int, int]]:
    """Return the edges that follow from others. `needs` holds earlier positions only, descending.

    An edge follows if another need, directly or indirectly, needs its end. Sets of positions are the bits of integers.
    """
    implied = set()
    for first in range(0, len(needs), BITSET_COLUMNS):
        last = first + BITSET_COLUMNS
        reached: list[int] = []
        for position, direct in enumerate(needs):
            reach = 0
            for each in direct:
                bit = 1 << (each - first) if first <= each < last else 0
                if reach & bit:
                    implied.add((position, each))
                else:
                    reach |= reached[each] | bit
            reached.append(reach)
    return implied
