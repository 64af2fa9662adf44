"""Names with numbers, and the edges between them: the form of the build graph that its algorithms read."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property

from msgspec import Struct

SEARCHED = 16
"""If more than this part of the names need a name, all names are read once in order instead: the search for the others
would take three times as long."""


class Node(Struct, frozen=True, gc=False):
    """The latest release of a name: its full ident, and the names that it needs to run and to build."""

    ident: str
    deps: tuple[str, ...] = ()
    build_deps: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """All names that it needs."""
        return self.deps + self.build_deps


class NumberedGraph:
    """An immutable graph. Edges lead from a name to the names that its latest release needs.

    A name that others need has a number also without a node. A name that needs itself has no edge for that. Numbers
    are given to names behind what they need where that is possible, so that algorithms use the memory in its order,
    which makes them twice as fast. Cycles and changes make exceptions.
    """

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.names: list[str] = []
        self.numbers: dict[str, int] = {}
        self.idents: list[str | None] = []
        """The idents of the latest releases, None for a name without a node."""
        self.deps: list[tuple[int, ...]] = []
        """What each number needs to run."""
        self.needs: list[tuple[int, ...]] = []
        """What each number needs to run or to build."""
        self.dependents: list[Sequence[int]] = []
        """What needs each number directly."""
        self._before_a_need: set[int] = set()
        for name in _needs_first(nodes):
            self._number(name)
        dependents: list[list[int]] = [[] for _ in self.names]
        for name in self.names.copy():
            if name in nodes:
                number = self._set(name, nodes[name])
                for needed in self.needs[number]:
                    dependents[needed].append(number)
        self.dependents = list(map(_compact, dependents))

    def changed(self, nodes: Mapping[str, Node | None]) -> "NumberedGraph":
        """Return the graph with some nodes added or replaced (None: removed). Takes little time for few changes."""
        graph = self._copy()
        gained: dict[int, list[int]] = defaultdict(list)
        lost: dict[int, set[int]] = defaultdict(set)
        for name, node in nodes.items():
            before = set(graph.needs[graph._number(name)])
            number = graph._set(name, node)
            after = set(graph.needs[number])
            for needed in after - before:
                gained[needed].append(number)
            for needed in before - after:
                lost[needed].add(number)
        for needed, gone in lost.items():
            graph.dependents[needed] = _compact([each for each in graph.dependents[needed] if each not in gone])
        for needed, new in gained.items():
            graph.dependents[needed] = _compact([*graph.dependents[needed], *new])
        return graph

    def has_node(self, name: str) -> bool:
        """Return True if a name has a node."""
        number = self.numbers.get(name)
        return number is not None and self.idents[number] is not None

    def named(self, numbers: Iterable[int]) -> list[str]:
        """Return the names of some numbers."""
        return list(map(self.names.__getitem__, numbers))

    def dependents_of(self, roots: Set[int]) -> set[int]:
        """Return all that need one of some numbers directly or indirectly, without these numbers themselves."""
        found = set(roots)
        pending = self._search(found, list(roots), len(self.names) // SEARCHED)
        if pending:
            for number, needs in enumerate(self.needs):
                if not found.isdisjoint(needs):
                    found.add(number)
            missed = [number for number in self._before_a_need if not found.isdisjoint(self.needs[number])]
            found.update(missed)
            self._search(found, missed, len(self.names))
        return found.difference(roots)

    def _search(self, found: set[int], pending: list[int], most: int) -> list[int]:
        """Add all that need a number in `pending`, until `most` are found. Returns those not examined by then."""
        while pending and len(found) <= most:
            for dependent in self.dependents[pending.pop()]:
                if dependent not in found:
                    found.add(dependent)
                    pending.append(dependent)
        return pending

    @cached_property
    def ranks(self) -> tuple[Sequence[int], Sequence[int]]:
        """The rank of each number in the order of the names, and the number of each rank."""
        by_rank = sorted(range(len(self.names)), key=self.names.__getitem__)
        ranks = [0] * len(by_rank)
        for rank, number in enumerate(by_rank):
            ranks[number] = rank
        return ranks, by_rank

    def _copy(self) -> "NumberedGraph":
        graph = NumberedGraph({})
        graph.names, graph.numbers = self.names.copy(), self.numbers.copy()
        graph.idents, graph.deps = self.idents.copy(), self.deps.copy()
        graph.needs, graph.dependents = self.needs.copy(), self.dependents.copy()
        graph._before_a_need = self._before_a_need.copy()
        return graph

    def _number(self, name: str) -> int:
        """Return the number of a name, which is new if the graph does not have the name."""
        number = self.numbers.get(name)
        if number is None:
            number = self.numbers[name] = len(self.names)
            self.names.append(name)
            self.idents.append(None)
            self.deps.append(())
            self.needs.append(())
            self.dependents.append(())
        return number

    def _set(self, name: str, node: Node | None) -> int:
        """Set the latest release of a name and what it needs, but not the opposite edges. Returns the number."""
        number = self._number(name)
        self._before_a_need.discard(number)
        if node is None:
            self.idents[number], self.deps[number], self.needs[number] = None, (), ()
            return number
        self.idents[number] = node.ident
        self.deps[number] = self._numbered(node.deps, number)
        self.needs[number] = needs = self._numbered(node.needs, number)
        if needs and max(needs) > number:
            self._before_a_need.add(number)
        return number

    def _numbered(self, names: Iterable[str], without: int) -> tuple[int, ...]:
        try:
            numbers = dict.fromkeys(map(self.numbers.__getitem__, names))
        except KeyError:  # a new name
            numbers = dict.fromkeys(map(self._number, names))
        numbers.pop(without, None)
        return tuple(numbers)


def _needs_first(nodes: Mapping[str, Node]) -> Iterator[str]:
    """Yield all names and those that they need, each behind what it needs unless that closes a cycle."""
    seen: set[str] = set()
    for start in sorted(nodes):
        if start in seen:
            continue
        seen.add(start)
        path = [(start, iter(nodes[start].needs))]
        while path:
            name, remaining = path[-1]
            for needed in remaining:
                if needed not in seen:
                    seen.add(needed)
                    path.append((needed, iter(nodes[needed].needs if needed in nodes else ())))
                    break
            else:
                path.pop()
                yield name


def _compact(numbers: list[int]) -> Sequence[int]:
    """Return numbers in the form that takes the least memory, and the least time to read in order."""
    return array("i", numbers) if numbers else ()
