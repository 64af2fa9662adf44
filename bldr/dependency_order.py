"""Dependencies before dependents. Pure; among those that are equally ready the order is that of their texts."""

from collections.abc import Collection, Hashable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from bldr.errors import DependencyCycle

K = TypeVar("K", bound=Hashable)

Needs = Mapping[K, Collection[K]]
"""What each one needs; needs that are no keys themselves are somebody else's matter."""


def within(needs: Needs[K]) -> dict[K, frozenset[K]]:
    """The same needs among the keys alone. One that names itself is a cycle of its own, and kept."""
    return {key: frozenset(need for need in wanted if need in needs) for key, wanted in needs.items()}


def sorter(needs: Needs[K]) -> TopologicalSorter[K]:
    """Gives out what is ready as what it needs gets done. Raises DependencyCycle."""
    made = TopologicalSorter(within(needs))
    try:
        made.prepare()
    except CycleError as problem:
        circle = " -> ".join(str(key) for key in problem.args[1])
        raise DependencyCycle(f"these depend on one another, so none can be first: {circle}") from None
    return made


def ordered(needs: Needs[K]) -> list[K]:
    """All keys, each behind what it needs. Raises DependencyCycle."""
    made, found = sorter(needs), []
    while made.is_active():
        ready = sorted(made.get_ready(), key=str)
        found += ready
        made.done(*ready)
    return found
