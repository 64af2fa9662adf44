"""The order in which origins get workers (builds.md 15)."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.builds.rows import origin_slot_key, target_slot_key
from chalicelib.builds.workers.choice import ORIGINS_COMPARED, Slots, free_number, in_turn
from chalicelib.core.target import Target

LINUX = Target.X86_64_LINUX
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)
TAKEN = st.dictionaries(NAMES, st.frozensets(st.integers(0, 9), max_size=6), max_size=12)


def slots_of(taken: dict[str, frozenset[int]], target: frozenset[int] = frozenset()) -> Slots:
    keys = [origin_slot_key(LINUX, origin, number).sk for origin, numbers in taken.items() for number in numbers]
    return Slots.of([*keys, *(target_slot_key(LINUX, number).sk for number in target)])


@given(TAKEN, st.frozensets(st.integers(0, 999)))
def test_slots_are_read_from_their_keys(taken: dict[str, frozenset[int]], target: frozenset[int]) -> None:
    slots = slots_of(taken, target)

    assert slots.target == target
    assert {origin: slots.of_origin(origin) for origin in taken} == taken
    assert slots.running("not-running") == 0


@given(TAKEN, st.lists(NAMES, unique=True, max_size=30), st.integers(1, 6))
def test_origins_below_the_limit_follow_by_their_running_jobs(
    taken: dict[str, frozenset[int]], origins: list[str], limit: int
) -> None:
    slots = slots_of(taken)

    groups = list(in_turn(origins, slots, limit))

    order = [origin for group in groups for origin in group]
    assert sorted(order) == sorted(origin for origin in origins if slots.running(origin) < limit)
    assert [slots.running(origin) for origin in order] == sorted(slots.running(origin) for origin in order)
    assert all(1 <= len(group) <= ORIGINS_COMPARED for group in groups)
    assert all(len({slots.running(origin) for origin in group}) == 1 for group in groups)


@given(st.frozensets(st.integers(0, 20)), st.integers(0, 20))
def test_a_free_number_is_below_the_limit_and_not_taken(taken: frozenset[int], limit: int) -> None:
    number = free_number(taken, limit)

    if number is None:
        assert set(range(limit)) <= taken
    else:
        assert number < limit
        assert number not in taken
