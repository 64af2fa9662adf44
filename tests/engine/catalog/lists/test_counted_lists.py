"""Counted lists have the totals of their rows after every write."""

from datetime import timedelta

import pytest

from chalicelib.catalog.lists import counted_lists, list_changes
from chalicelib.catalog.lists.list_rows import EntryChange
from chalicelib.platform.change import Change
from chalicelib.platform.table import StoreUnavailable, read
from tests.builders.counted_lists import (
    ABSENT,
    EVERYONE,
    IDENTS,
    MEMBERS,
    Clock,
    CountedOrigin,
    after,
    few_rows_per_query,
    fold,
)

pytestmark = pytest.mark.usefixtures("table")


def test_an_empty_list_has_no_entries(origin: CountedOrigin) -> None:
    assert origin.totals == (0, 0)
    assert counted_lists.counted_alone(origin.name, IDENTS).whole.stretches(0, 50, member=True) == (0, [])


def test_totals_hold_right_after_each_write(origin: CountedOrigin) -> None:
    seen = []
    for entry, shown in [("a/1/1", MEMBERS), ("b/1/1", EVERYONE), ("a/1/1", EVERYONE), ("b/1/1", ABSENT)]:
        origin.set(entry, shown)
        seen.append(origin.totals)

    assert seen == [(1, 0), (2, 1), (2, 2), (1, 1)]


def test_a_transaction_without_changed_entries_adds_no_row(origin: CountedOrigin) -> None:
    with Change() as change:
        added = list_changes.add(change, origin.name, [EntryChange(IDENTS, "a/1/1", MEMBERS, MEMBERS)])

    assert added is None
    assert origin.log == []


def test_a_reader_that_found_a_change_before_it_was_folded_counts_it_once(origin: CountedOrigin, time: Clock) -> None:
    origin.set("a/1/1", EVERYONE)
    log = counted_lists.log_of(origin.name)
    fold(origin, time)
    origin.set("a/1/2", EVERYONE)
    fold(origin, time)

    index = read(counted_lists.index_key(origin.name, IDENTS))

    assert counted_lists.counted(log, IDENTS, index).whole.total(member=True) == 2


def test_a_slow_reader_reads_again(origin: CountedOrigin, time: Clock) -> None:
    origin.set("a/1/1", EVERYONE)
    log = counted_lists.log_of(origin.name)
    fold(origin, time)
    time.advance(60)
    origin.set("a/1/2", EVERYONE)
    fold(origin, time)
    time.advance(60)
    assert len(origin.included) == 1, "the id of the first change is no longer known"

    index = read(counted_lists.index_key(origin.name, IDENTS))

    assert counted_lists.counted(log, IDENTS, index).whole.total(member=True) == 2


def test_a_reader_that_is_always_slow_gives_up(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted_lists, "READ_WITHIN", timedelta(0))

    with pytest.raises(StoreUnavailable):
        origin.totals  # noqa: B018 - the property reads the table


def test_a_reader_never_counts_a_removal_without_the_addition(
    origin: CountedOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Change()
    list_changes.add(late, origin.name, [EntryChange(IDENTS, "z/1/1", ABSENT, EVERYONE)])
    late.put(origin.row("z/1/1", EVERYONE))
    origin.add_releases(4)

    def commit_and_remove() -> None:
        late.commit()
        origin.set("z/1/1", ABSENT)

    with monkeypatch.context() as patch:
        few_rows_per_query(patch, 2)
        after(patch, "Query", commit_and_remove)
        totals = origin.totals

    assert totals in [(4, 4), (5, 5)]
