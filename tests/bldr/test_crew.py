"""Steps in parallel: order, failures, and what they hold back."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bldr.crew import HeldBack, each, in_order
from bldr.errors import BldrError
from tests.bldr.test_dependency_order import acyclic
from tests.builders.waiting import PATIENCE


@given(acyclic(), st.sets(st.integers(0, 11)), st.integers(1, 4))
def test_what_needs_a_failed_step_is_held_back_and_all_else_is_done(needs, bad, jobs):
    begun: list[int] = []
    done: set[int] = set()

    def step(key: int) -> None:
        begun.append(key)
        assert needs[key] & needs.keys() <= done, "begun before what it needs"
        if key in bad:
            raise BldrError("broken")
        done.add(key)

    failed = in_order(needs, step, jobs)

    reached: set[int] = set()
    for key in sorted(needs):
        if needs[key] & needs.keys() <= reached and key not in bad:
            reached.add(key)
    assert done == reached
    assert failed.keys() == needs.keys() - reached
    assert {key for key, problem in failed.items() if isinstance(problem, HeldBack)} == needs.keys() - set(begun)


def test_several_hands_work_at_a_time():
    meeting = threading.Barrier(3, timeout=PATIENCE)

    assert in_order(dict.fromkeys("abc", ()), lambda _: meeting.wait(), 3) == {}


def test_a_bug_is_not_taken_for_a_failed_step():
    with pytest.raises(ZeroDivisionError):
        in_order({"a": ()}, lambda _: 1 / 0, 2)


def test_each_keeps_the_order():
    assert each([3, 1, 2], lambda number: number * 2, 3) == [6, 2, 4]
