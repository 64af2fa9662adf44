"""The ids of included changes: stored exactly, and forgotten only when no reader can have their changes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.lists.included_changes import IncludedChanges

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
OLD = NOW - timedelta(minutes=1)


def included(*ids: int, moment: datetime = OLD) -> IncludedChanges:
    changes = IncludedChanges()
    changes.add(ids, moment)
    return changes


@given(st.dictionaries(st.integers(0, 2**63 - 1), st.integers(0, 5)))
def test_ids_and_times_are_stored_exactly(seconds: dict[int, int]) -> None:
    changes = IncludedChanges()
    for identifier, after in seconds.items():
        changes.add([identifier], OLD + timedelta(seconds=after))

    again = IncludedChanges.unpacked(changes.packed())

    assert {i: again.time_of(i) for i in seconds} == {i: OLD + timedelta(seconds=after) for i, after in seconds.items()}
    assert len(again) == len(seconds)


def test_old_ids_are_forgotten() -> None:
    changes = included(1, 2)

    changes.forget(NOW, up_to=5, still_in_log=())

    assert len(changes) == 0


def test_young_ids_are_kept() -> None:
    changes = included(1, moment=NOW)

    changes.forget(NOW - timedelta(seconds=1), up_to=5, still_in_log=())

    assert 1 in changes


def test_ids_of_changes_in_the_log_are_kept() -> None:
    changes = included(1, 2)

    changes.forget(NOW, up_to=5, still_in_log={2})

    assert 1 not in changes
    assert 2 in changes


def test_ids_beyond_the_part_of_the_log_that_was_read_are_kept() -> None:
    changes = included(1, 9)

    changes.forget(NOW, up_to=5, still_in_log=())

    assert 1 not in changes
    assert 9 in changes


def test_thousands_of_recent_ids_are_small() -> None:
    ids = [(10**10 + 3 * number << 23) + number % 8_000_000 for number in range(9_000)]  # 300 a second

    assert len(included(*ids).packed()) < 45_000
