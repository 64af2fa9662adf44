"""Topological order: dependencies before dependents. The order is deterministic: ties are sorted as text."""

from collections.abc import Collection, Hashable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from bldr.errors import DependencyCycle

K = TypeVar("K", bound=Hashable)

Dependencies = Mapping[K, Collection[K]]
"""The dependencies of each key. Dependencies that are not keys are ignored."""


def internal_dependencies(dependencies: Dependencies[K]) -> dict[K, frozenset[K]]:
    """Return only the dependencies that are keys. A key that depends on itself keeps that dependency: it is a cycle."""
    return {
        key: frozenset(needed for needed in direct if needed in dependencies) for key, direct in dependencies.items()
    }


def prepared_sorter(dependencies: Dependencies[K]) -> TopologicalSorter[K]:
    """Return a sorter that yields keys once their dependencies are done. Raises DependencyCycle."""
    sorter = TopologicalSorter(internal_dependencies(dependencies))
    try:
        sorter.prepare()
    except CycleError as problem:
        cycle = " -> ".join(str(key) for key in problem.args[1])
        raise DependencyCycle(f"these packages depend on each other: {cycle}") from None
    return sorter


def in_dependency_order(dependencies: Dependencies[K]) -> list[K]:
    """Return all keys, dependencies first. Raises DependencyCycle."""
    sorter = prepared_sorter(dependencies)
    keys: list[K] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=str)
        keys += ready
        sorter.done(*ready)
    return keys
