"""The edges of a graph that close cycles, chosen so that the rest has no cycle (builds.md 8.1, 8.2)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

STEPS = 200_000
"""The work after which an edge within a cycle is left out if it disagrees with the order found so far."""

Edges = Mapping[int, tuple[list[int], list[int]]]
"""What each number needs to run, and what it needs only to build. All numbers that are needed are keys."""


def closing_edges(edges: Edges) -> dict[int, set[int]]:
    """Return edges without which a graph has no cycle: for some numbers, the needed numbers that are left out.

    Only edges between members of a cycle are left out. Needs to run are kept rather than needs to build, and those of
    earlier keys of `edges` rather than those of later ones. Any edge that is left out closes a cycle of edges that are
    kept, unless a cycle is so large that this would take longer than STEPS.
    """
    left_out: dict[int, set[int]] = {}
    for component in _components(edges, lambda number: edges[number][0] + edges[number][1]):
        if len(component) > 1:
            left_out.update(_closing_within(edges, component))
    return left_out


def first_cycle(start: int, needs: Callable[[int], Iterable[int]]) -> set[int]:
    """Return a strongly connected component that needs nothing else, and that a number needs or belongs to."""
    return next(_components([start], needs))


def _closing_within(edges: Edges, component: set[int]) -> dict[int, set[int]]:
    members = [number for number in edges if number in component]
    order = _Order(members)
    left_out: dict[int, set[int]] = defaultdict(set)
    for kind in (0, 1):
        for number in members:
            for needed in sorted(component.intersection(edges[number][kind]), key=order.first_positions.__getitem__):
                if not order.add(number, needed):
                    left_out[number].add(needed)
    return left_out


class _Order:
    """An order of some numbers in which each is behind what it needs, kept up to date as edges are added.

    This is the algorithm of Pearce and Kelly: an edge that disagrees with the order moves only the numbers between its
    ends.
    """

    def __init__(self, members: list[int]) -> None:
        self.first_positions = {number: position for position, number in enumerate(members)}
        self._positions = dict(self.first_positions)
        self._needs: dict[int, list[int]] = {number: [] for number in members}
        self._dependents: dict[int, list[int]] = {number: [] for number in members}
        self._steps = 0

    def add(self, number: int, needed: int) -> bool:
        """Add an edge. Returns False if it would close a cycle, or if there is no time to find out."""
        low, high = self._positions[number], self._positions[needed]
        if low < high and not self._move(number, needed, low, high):
            return False
        self._needs[number].append(needed)
        self._dependents[needed].append(number)
        return True

    def _move(self, number: int, needed: int, low: int, high: int) -> bool:
        """Move the number and its dependents behind what is needed. Returns False if they are needed themselves."""
        if self._steps > STEPS:
            return False
        behind = self._reached(number, self._dependents, lambda position: position <= high)
        if needed in behind:
            return False
        before = self._reached(needed, self._needs, lambda position: position >= low)
        moved = [*self._in_order(before), *self._in_order(behind)]
        for each, position in zip(moved, sorted(self._positions[each] for each in moved), strict=True):
            self._positions[each] = position
        return True

    def _reached(self, start: int, edges: Mapping[int, list[int]], is_between: Callable[[int], bool]) -> set[int]:
        reached, pending = {start}, [start]
        while pending:
            for each in edges[pending.pop()]:
                self._steps += 1
                if each not in reached and is_between(self._positions[each]):
                    reached.add(each)
                    pending.append(each)
        return reached

    def _in_order(self, numbers: set[int]) -> list[int]:
        return sorted(numbers, key=self._positions.__getitem__)


def _components(roots: Iterable[int], needs: Callable[[int], Iterable[int]]) -> Iterator[set[int]]:
    """Yield the strongly connected components of some numbers and of all that they need, each behind what it needs.

    A component holds all that are on a cycle together (Tarjan's algorithm).
    """
    index: dict[int, int] = {}
    lowest: dict[int, int] = {}
    on_path: list[int] = []
    is_on_path: set[int] = set()
    for root in roots:
        if root in index:
            continue
        work = [(root, iter(needs(root)))]
        index[root] = lowest[root] = len(index)
        on_path.append(root)
        is_on_path.add(root)
        while work:
            number, remaining = work[-1]
            for needed in remaining:
                if needed not in index:
                    index[needed] = lowest[needed] = len(index)
                    on_path.append(needed)
                    is_on_path.add(needed)
                    work.append((needed, iter(needs(needed))))
                    break
                if needed in is_on_path:
                    lowest[number] = min(lowest[number], index[needed])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[number])
                if lowest[number] == index[number]:
                    first = _last_position(on_path, number)
                    component = set(on_path[first:])
                    del on_path[first:]
                    is_on_path -= component
                    yield component


def _last_position(path: list[int], number: int) -> int:
    position = len(path) - 1
    while path[position] != number:
        position -= 1
    return position
