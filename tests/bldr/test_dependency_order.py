"""Dependencies before dependents, whatever the graph."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bldr.dependency_order import ordered
from bldr.errors import DependencyCycle


@st.composite
def acyclic(draw: st.DrawFn) -> dict[int, set[int]]:
    """A graph whose needs point to smaller numbers, with some needs outside of it."""
    size = draw(st.integers(0, 12))
    needs = {number: draw(st.sets(st.integers(-3, number - 1))) for number in range(size)}
    return {number: needs[number] for number in draw(st.permutations(range(size)))}


@given(acyclic())
def test_all_come_once_and_behind_what_they_need(needs):
    found = ordered(needs)

    assert sorted(found) == sorted(needs)
    for position, key in enumerate(found):
        assert needs[key] & needs.keys() <= set(found[:position])


@given(acyclic(), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_arrival(needs, random):
    shuffled = list(needs.items())
    random.shuffle(shuffled)

    assert ordered(dict(shuffled)) == ordered(needs)


@given(st.integers(1, 6), acyclic())
def test_a_cycle_is_named(length, needs):
    circle = [f"p{number}" for number in range(length)]
    cyclic = {one: {other} for one, other in zip(circle, circle[1:] + circle[:1], strict=True)}

    with pytest.raises(DependencyCycle) as caught:
        ordered({**cyclic, **needs})

    assert all(name in str(caught.value) for name in circle)
