"""Dependency order of any graph."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bldr.dependency_order import in_dependency_order
from bldr.errors import DependencyCycle
from tests.bldr.builders import acyclic_graphs


@given(acyclic_graphs())
def test_every_key_comes_once_and_after_its_dependencies(graph: dict[int, set[int]]) -> None:
    order = in_dependency_order(graph)

    assert sorted(order) == sorted(graph)
    for position, key in enumerate(order):
        assert graph[key] & graph.keys() <= set(order[:position])


@given(acyclic_graphs(), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_the_input(graph: dict[int, set[int]], source: random.Random) -> None:
    shuffled = list(graph.items())
    source.shuffle(shuffled)

    assert in_dependency_order(dict(shuffled)) == in_dependency_order(graph)


@given(st.integers(1, 6), acyclic_graphs())
def test_the_error_for_a_cycle_names_all_its_members(length: int, graph: dict[int, set[int]]) -> None:
    members = [f"p{number}" for number in range(length)]
    cycle = {one: {other} for one, other in zip(members, members[1:] + members[:1], strict=True)}

    with pytest.raises(DependencyCycle) as caught:
        in_dependency_order({**cycle, **{str(key): {str(each) for each in needed} for key, needed in graph.items()}})

    assert all(name in str(caught.value) for name in members)
