"""For each object the version is chosen that rows of a time may name."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from infra.restore.object_versions import MARGIN, ObjectVersion, version_at

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stored(version: str, since: datetime) -> ObjectVersion:
    return ObjectVersion("key", version, since, 5)


def deleted(since: datetime) -> ObjectVersion:
    return ObjectVersion("key", "marker", since, None)


def chosen(*newest_first: ObjectVersion) -> str | None:
    version = version_at(newest_first, AT)
    return None if version is None else version.version_id


def test_an_object_that_was_deleted_later_is_restored() -> None:
    assert chosen(deleted(AT + HOUR), stored("a", AT - HOUR)) == "a"


def test_an_object_that_was_deleted_before_or_stored_later_is_not() -> None:
    assert chosen(deleted(AT - HOUR), stored("a", AT - 2 * HOUR)) is None
    assert chosen(stored("a", AT + HOUR)) is None
    assert chosen() is None


def test_of_an_object_that_was_replaced_the_version_of_the_time_is_restored() -> None:
    assert chosen(stored("new", AT + HOUR), stored("old", AT - HOUR)) == "old"
    assert chosen(stored("new", AT - HOUR), stored("old", AT - 2 * HOUR)) == "new"


def test_an_object_that_was_stored_again_after_its_deletion_is_restored_as_it_was_at_the_time() -> None:
    history = [stored("again", AT + HOUR), deleted(AT - HOUR), stored("first", AT - 2 * HOUR)]

    assert chosen(*history) is None
    assert chosen(*(deleted(AT + 2 * HOUR), *history[1:])) is None
    assert chosen(stored("again", AT - HOUR / 2), *history[1:]) == "again"


def test_what_was_stored_or_deleted_near_the_time_is_restored_because_clocks_differ() -> None:
    assert chosen(deleted(AT), stored("a", AT - HOUR)) == "a"
    assert chosen(deleted(AT - MARGIN), stored("a", AT - HOUR)) == "a"
    assert chosen(stored("a", AT + MARGIN)) == "a"


@given(st.lists(st.tuples(st.integers(-500, 500), st.booleans()), unique_by=lambda event: event[0], max_size=8))
def test_no_object_that_existed_at_the_time_is_lost(events: Sequence[tuple[int, bool]]) -> None:
    """`events` are seconds before or after the time, and whether the object was stored or deleted then."""
    newest_first = [
        stored(str(seconds), AT + timedelta(seconds=seconds)) if is_stored else deleted(AT + timedelta(seconds=seconds))
        for seconds, is_stored in sorted(events, reverse=True)
    ]
    before = [version for version in newest_first if version.since <= AT]
    existed = bool(before) and not before[0].is_deletion

    assert version_at(newest_first, AT) is not None or not existed
