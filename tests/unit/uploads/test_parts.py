"""How archives are cut into parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.uploads.errors import PartsMissing, UploadTooLarge
from chalicelib.uploads.parts import LARGEST_ARCHIVE, MIB, PARTS_LIMIT, SMALLEST_PART, Plan

SIZES = st.integers(1, LARGEST_ARCHIVE) | st.sampled_from([1, SMALLEST_PART, SMALLEST_PART + 1, LARGEST_ARCHIVE])
SMALL_PLANS = st.builds(Plan, st.none() | st.integers(1, 200), st.integers(1, 20))


@given(SIZES)
def test_every_archive_fits_into_parts_that_the_store_takes(size):
    plan = Plan.of(size)

    assert plan.part_size * (plan.parts - 1) < size <= plan.part_size * plan.parts
    assert plan.parts <= PARTS_LIMIT
    assert 5 * MIB <= plan.part_size <= 5120 * MIB
    assert plan.part_size % MIB == 0


def test_small_archives_go_in_parts_that_a_small_client_can_hold():
    assert Plan.of(None) == Plan(None, 16 * MIB)
    assert Plan.of(PARTS_LIMIT * SMALLEST_PART).part_size == 16 * MIB
    assert Plan.of(LARGEST_ARCHIVE).part_size == 525 * MIB


def test_more_than_an_object_holds_is_refused():
    with pytest.raises(UploadTooLarge, match="5497558138880"):
        Plan.of(LARGEST_ARCHIVE + 1)


@given(SMALL_PLANS, st.sets(st.integers(1, 30)), st.integers(-3, 40), st.integers(1, 20))
def test_wanted_are_the_next_parts_that_are_not_there(plan, there, start, limit):
    wanted = plan.wanted(dict.fromkeys(there, 1), start, limit)

    assert wanted == [number for number in range(max(1, start), plan.parts + 1) if number not in there][:limit]


@given(st.integers(1, 200), st.integers(1, 20))
def test_all_parts_in_their_size_are_complete_whether_the_size_was_known_or_not(size, part_size):
    sizes = [min(part_size, size - start) for start in range(0, size, part_size)]
    received = dict(enumerate(sizes, 1))

    Plan(size, part_size).demand_complete(received)
    Plan(None, part_size).demand_complete(received)


@given(st.integers(2, 200), st.integers(1, 20), st.data())
def test_a_missing_part_a_short_part_and_a_wrong_total_are_named(size, part_size, choice):
    sizes = [min(part_size, size - start) for start in range(0, size, part_size)]
    received = dict(enumerate(sizes, 1))
    number = choice.draw(st.sampled_from(sorted(received)))
    without = {other: length for other, length in received.items() if other != number}
    changed = {**received, number: received[number] + choice.draw(st.sampled_from([-1, 1]))}

    with pytest.raises(PartsMissing, match=f"missing: {number}$"):
        Plan(size, part_size).demand_complete(without)
    with pytest.raises(PartsMissing):
        Plan(size, part_size).demand_complete(changed)


def test_without_a_known_size_there_must_be_a_part_and_no_gap():
    plan = Plan(None, 10)

    with pytest.raises(PartsMissing, match=r"missing: 1$"):
        plan.demand_complete({})
    with pytest.raises(PartsMissing, match=r"missing: 2$"):
        plan.demand_complete({1: 10, 3: 4})
    with pytest.raises(PartsMissing, match=r"10 bytes: 1$"):
        plan.demand_complete({1: 9, 2: 4})
    plan.demand_complete({1: 0})


def test_a_part_too_many_is_a_wrong_total():
    with pytest.raises(PartsMissing, match="25 bytes together, 15 were announced"):
        Plan(15, 10).demand_complete({1: 10, 2: 5, 3: 10})


def test_a_long_list_of_missing_parts_is_cut():
    with pytest.raises(PartsMissing) as problem:
        Plan(1000, 10).demand_complete({})

    assert str(problem.value) == "Parts are missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 90 more"
