"""The build order of some numbers of a graph, also if they have cycles (builds.md 8.1, 8.2)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush

from chalicelib.core.builds import cycles
from chalicelib.core.builds.numbered_graph import NumberedGraph

CYCLES_ALONE = 3
"""So many cycles near the beginning are found one by one, each with a new order up to the next one. To find the others,
everything behind them must be read."""

NEAR = 8
"""The beginning is this part of the numbers."""


def ordered(graph: NumberedGraph, members: set[int]) -> list[int]:
    """Return some numbers in build order: always the first name of those whose needs are all in front of it.

    Edges that close a cycle are left out, the same ones every time.
    """
    waits_for = _waits_within(graph, members)
    replaced: dict[int, list[int]] = {}
    for cycle in range(CYCLES_ALONE + 2):
        result = _sorted(graph, members, waits_for.copy(), replaced)
        if len(result) == len(members):
            break
        rest = members.difference(result)
        is_near = cycle < CYCLES_ALONE and NEAR * len(result) < len(members)
        edges = _first_cycle(graph, rest) if is_near else _cyclic(graph, rest)
        _leave_out(cycles.closing_edges(edges), graph, waits_for, replaced)
    return result


def _leave_out(
    left_out: Mapping[int, set[int]], graph: NumberedGraph, waits_for: list[int], replaced: dict[int, list[int]]
) -> None:
    """Remove edges from `waits_for` and from the dependents in `replaced`. Reads each list of dependents once."""
    gone: dict[int, set[int]] = defaultdict(set)
    for number, needed in left_out.items():
        waits_for[number] -= len(needed)
        for each in needed:
            gone[each].add(number)
    for each, numbers in gone.items():
        replaced[each] = [other for other in replaced.get(each, graph.dependents[each]) if other not in numbers]


def _waits_within(graph: NumberedGraph, members: set[int]) -> list[int]:
    """Return for each member the number of its needs that are members, and 0 for all others.

    Counts for the members, or subtracts for the others, whichever are fewer.
    """
    needs = graph.needs
    if 2 * len(members) < len(needs):
        waits_for = [0] * len(needs)
        for member in members:
            waits_for[member] = len(members.intersection(needs[member]))
        return waits_for
    waits_for = list(map(len, needs))
    others = [number for number in range(len(needs)) if number not in members]
    for other in others:
        for dependent in graph.dependents[other]:
            waits_for[dependent] -= 1
    for other in others:
        waits_for[other] = 0
    return waits_for


def _sorted(
    graph: NumberedGraph, members: set[int], waits_for: list[int], replaced: Mapping[int, list[int]]
) -> list[int]:
    """Return those members that are neither on a cycle nor behind one, in build order. Changes `waits_for`.

    `replaced` holds dependents to use instead of those of the graph.
    """
    ranks, by_rank = graph.ranks
    dependents: Sequence[Sequence[int]] = graph.dependents
    if replaced:
        dependents = graph.dependents.copy()
        for number, others in replaced.items():
            dependents[number] = others
    ready = [ranks[member] for member in members if not waits_for[member]]
    heapify(ready)
    result = []
    while ready:
        number = by_rank[heappop(ready)]
        result.append(number)
        for dependent in dependents[number]:
            left = waits_for[dependent]
            if left == 1:
                heappush(ready, ranks[dependent])
            else:
                waits_for[dependent] = left - 1  # negative for a number that is not a member
    return result


def _first_cycle(graph: NumberedGraph, numbers: set[int]) -> cycles.Edges:
    """Return a cycle that needs nothing else. Each of the numbers needs another one."""
    start = min(numbers)
    return _edges(graph, cycles.first_cycle(start, lambda number: numbers.intersection(graph.needs[number])))


def _cyclic(graph: NumberedGraph, numbers: set[int]) -> cycles.Edges:
    """Return those of some numbers that are on a cycle or between two."""
    needed_by = {number: len(numbers.intersection(graph.dependents[number])) for number in numbers}
    pending = [number for number, dependents in needed_by.items() if not dependents]
    for number in pending:
        numbers.remove(number)
        for needed in numbers.intersection(graph.needs[number]):
            needed_by[needed] -= 1
            if not needed_by[needed]:
                pending.append(needed)
    return _edges(graph, numbers)


def _edges(graph: NumberedGraph, numbers: set[int]) -> cycles.Edges:
    """Return what some numbers need of each other, in order of their text."""
    edges = {}
    for number in sorted(numbers, key=graph.ranks[0].__getitem__):
        deps = set(graph.deps[number])
        needs = [each for each in graph.needs[number] if each in numbers]
        edges[number] = ([each for each in needs if each in deps], [each for each in needs if each not in deps])
    return edges
