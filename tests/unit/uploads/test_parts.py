"""How archives are divided into parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.uploads.errors import PartsMissing, UploadTooLarge
from chalicelib.uploads.parts import LARGEST_ARCHIVE, MIB, PARTS_LIMIT, SMALLEST_PART, Plan

SIZES = st.integers(1, LARGEST_ARCHIVE) | st.sampled_from([1, SMALLEST_PART, SMALLEST_PART + 1, LARGEST_ARCHIVE])
SMALL_PLANS = st.builds(Plan, st.none() | st.integers(1, 200), st.integers(1, 20))


@given(SIZES)
def test_every_archive_fits_into_parts_that_the_object_store_accepts(size: int) -> None:
    plan = Plan.of(size)

    assert plan.part_size * (plan.parts - 1) < size <= plan.part_size * plan.parts
    assert plan.parts <= PARTS_LIMIT
    assert 5 * MIB <= plan.part_size <= 5120 * MIB
    assert plan.part_size % MIB == 0


def test_parts_are_as_small_as_their_number_allows() -> None:
    assert Plan.of(None) == Plan(None, 16 * MIB)
    assert Plan.of(PARTS_LIMIT * SMALLEST_PART).part_size == 16 * MIB
    assert Plan.of(LARGEST_ARCHIVE).part_size == 525 * MIB


def test_an_archive_over_the_limit_of_an_object_is_refused() -> None:
    with pytest.raises(UploadTooLarge, match="5497558138880"):
        Plan.of(LARGEST_ARCHIVE + 1)


@given(SMALL_PLANS, st.sets(st.integers(1, 30)), st.integers(-3, 40), st.integers(1, 20))
def test_missing_parts_are_listed_from_a_start_up_to_a_limit(
    plan: Plan, received: set[int], start: int, limit: int
) -> None:
    missing = plan.missing(dict.fromkeys(received, 1), start, limit)

    assert missing == [number for number in range(max(1, start), plan.parts + 1) if number not in received][:limit]


@given(st.integers(1, 200), st.integers(1, 20))
def test_all_parts_in_full_size_are_complete_with_and_without_a_known_size(size: int, part_size: int) -> None:
    sizes = [min(part_size, size - start) for start in range(0, size, part_size)]
    received = dict(enumerate(sizes, 1))

    Plan(size, part_size).demand_complete(received)
    Plan(None, part_size).demand_complete(received)


@given(st.integers(2, 200), st.integers(1, 20), st.data())
def test_a_missing_part_and_a_part_of_the_wrong_size_are_refused(
    size: int, part_size: int, choice: st.DataObject
) -> None:
    sizes = [min(part_size, size - start) for start in range(0, size, part_size)]
    received = dict(enumerate(sizes, 1))
    number = choice.draw(st.sampled_from(sorted(received)))
    without = {other: length for other, length in received.items() if other != number}
    changed = {**received, number: received[number] + choice.draw(st.sampled_from([-1, 1]))}

    with pytest.raises(PartsMissing, match=f"missing: {number}$"):
        Plan(size, part_size).demand_complete(without)
    with pytest.raises(PartsMissing):
        Plan(size, part_size).demand_complete(changed)


def test_without_a_known_size_there_must_be_a_part_and_no_gap() -> None:
    plan = Plan(None, 10)

    with pytest.raises(PartsMissing, match=r"missing: 1$"):
        plan.demand_complete({})
    with pytest.raises(PartsMissing, match=r"missing: 2$"):
        plan.demand_complete({1: 10, 3: 4})
    with pytest.raises(PartsMissing, match=r"10 bytes: 1$"):
        plan.demand_complete({1: 9, 2: 4})
    plan.demand_complete({1: 0})


def test_an_extra_part_makes_the_total_wrong() -> None:
    with pytest.raises(PartsMissing, match="25 bytes together, 15 were announced"):
        Plan(15, 10).demand_complete({1: 10, 2: 5, 3: 10})


def test_a_long_list_of_missing_parts_is_shortened() -> None:
    with pytest.raises(PartsMissing) as problem:
        Plan(1000, 10).demand_complete({})

    assert str(problem.value) == "Parts are missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 90 more"
