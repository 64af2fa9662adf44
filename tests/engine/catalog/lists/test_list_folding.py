"""Folds move changes from the log into the indexes, and may end anywhere."""

import random
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from chalicelib.catalog.lists import counted_lists, list_changes, list_folding, list_rows
from chalicelib.catalog.lists.list_rows import EntryChange
from chalicelib.core.lists import list_blocks
from chalicelib.platform.change import Change, put_if
from chalicelib.platform.row import KeyTooLong
from chalicelib.platform.table import StoreRefused, read
from tests.builders.counted_lists import ABSENT, EVERYONE, IDENTS, MEMBERS, Clock, CountedOrigin, after, fold
from tests.builders.histories import Killed
from tests.builders.log_lines import log_lines
from tests.faults.injector import THROTTLED, everything, faults

pytestmark = pytest.mark.usefixtures("table")


def test_a_fold_moves_the_log_into_the_index(origin: CountedOrigin, time: Clock) -> None:
    origin.add_releases(30)

    fold(origin, time)

    assert origin.log == []
    assert origin.blocks.whole.total(member=True) == 30
    assert origin.totals == (30, 30)


def test_a_fold_leaves_young_changes(origin: CountedOrigin, time: Clock) -> None:
    origin.set("a/1/1", EVERYONE)
    time.advance(1)
    origin.set("a/1/2", EVERYONE)

    list_folding.fold(origin.name)

    assert len(origin.log) == 1
    assert origin.totals == (2, 2)


def test_a_change_stays_in_the_log_until_all_its_lists_include_it(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Change() as change:
        entries = [EntryChange(name, "a", ABSENT, EVERYONE) for name in (list_rows.NAMES, list_rows.SETTINGS)]
        list_changes.add(change, origin.name, entries)
    with monkeypatch.context() as patch:
        patch.setattr(list_folding, "put_if", lambda row, *args: row.sk == list_rows.NAMES and put_if(row, *args))
        fold(origin, time)

    assert len(origin.log) == 1
    assert public_totals(origin) == [1, 1]
    fold(origin, time)
    assert origin.log == []
    assert public_totals(origin) == [1, 1]


def public_totals(origin: CountedOrigin) -> list[int]:
    """Return the totals of the names and of the settings for everyone."""
    several = [counted_lists.counted_alone(origin.name, name) for name in (list_rows.NAMES, list_rows.SETTINGS)]
    return [counted.whole.total(member=False) for counted in several]


def test_ids_are_forgotten_half_a_minute_after_their_changes_were_deleted(origin: CountedOrigin, time: Clock) -> None:
    sizes = []
    for number in range(60):
        origin.set(f"a/1/{number}", EVERYONE)
        fold(origin, time)
        sizes.append(len(origin.included))

    assert max(sizes) <= 32
    assert origin.totals == (60, 60)


def test_a_change_that_was_included_long_ago_is_included_again_before_it_is_deleted(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.set("a/1/1", EVERYONE)
    with monkeypatch.context() as patch:
        patch.setattr(list_folding, "delete_many", lambda keys: None)
        fold(origin, time)
    [row] = origin.log
    time.advance(3600)
    log = counted_lists.log_of(origin.name)

    list_folding.fold(origin.name)
    origin.set("a/1/2", EVERYONE)
    fold(origin, time)

    assert row.id in origin.included
    index = read(counted_lists.index_key(origin.name, IDENTS))
    assert counted_lists.counted(log, IDENTS, index).whole.total(member=True) == 2


def test_long_blocks_are_split(origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_blocks, "BLOCK_ENTRIES", 8)
    seed = random.Random(3)
    for number in range(120):
        origin.set(f"{seed.choice('abc')}/{seed.randrange(3)}/{number}", seed.choice([MEMBERS, EVERYONE]))
        if number % 10 == 0:
            fold(origin, time)
    fold(origin, time)

    assert origin.totals == origin.truth_totals
    assert max(entries for _, entries, _ in origin.blocks) <= 8
    counted = counted_lists.counted_alone(origin.name, IDENTS)
    for name in "abc":
        part = counted.part(f"{name}/")
        assert part is not None
        assert part.total(member=True) == sum(key.startswith(f"{name}/") for key in origin.truth)


def test_a_split_counts_changes_that_are_not_folded_yet_once(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_blocks, "BLOCK_ENTRIES", 4)
    origin.add_releases(5)
    time.advance(1)
    for entry, shown in [("a/1/1", ABSENT), ("a/1/2", MEMBERS), ("b/1/1", EVERYONE), ("b/1/1", MEMBERS)]:
        origin.set(entry, shown)

    list_folding.fold(origin.name)

    assert len(origin.blocks) > 1
    assert origin.blocks.whole.total(member=True) == 5
    assert origin.totals == origin.truth_totals == (5, 3)
    fold(origin, time)
    assert origin.totals == (5, 3)


@pytest.mark.parametrize("number", range(1, 9))
def test_a_fold_may_end_before_each_call(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(list_blocks, "BLOCK_ENTRIES", 8)
    for i in range(40):
        origin.set(f"a/{i % 3}/{i}", EVERYONE)
    time.advance(1)

    with monkeypatch.context() as patch:
        calls = killed_before(number, patch)
        with pytest.raises(Killed):
            list_folding.fold(origin.name)

    assert len(calls) == number
    assert origin.totals == (40, 40)
    time.advance(random.Random(number).choice([1, 60]))
    list_folding.fold(origin.name)
    assert origin.totals == (40, 40)
    assert origin.log == []


def killed_before(number: int, patch: pytest.MonkeyPatch) -> list[str]:
    """Kill the process before one of its calls. Returns the calls so far, that one included."""
    calls: list[str] = []
    make_call = Connection._make_api_call

    def call(connection: Connection, operation: str, request: dict[str, Any]) -> Any:
        calls.append(operation)
        if len(calls) == number:
            raise Killed
        return make_call(connection, operation, request)

    patch.setattr(Connection, "_make_api_call", call)
    return calls


@pytest.fixture(autouse=True)
def _every_64th(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_changes, "FOLDED_EVERY", 64)


def test_every_64th_change_is_due() -> None:
    due = sum(list_changes.is_due(identifier) for identifier in range(6_400))

    assert due == 100
    assert not list_changes.is_due(None)


def test_a_reader_folds_a_long_log(origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_folding, "LONG_LOG", 3)
    lengths = []
    for number in range(5):
        origin.set(f"a/1/{number}", EVERYONE)
        time.advance(1)
        list_folding.fold_if_long(counted_lists.log_of(origin.name))
        lengths.append(len(origin.log))

    assert lengths == [1, 2, 3, 0, 1]


def test_the_writer_of_a_due_change_folds(origin: CountedOrigin, time: Clock) -> None:
    origin.set("a/1/1", EVERYONE)
    time.advance(1)

    list_folding.fold_if_due(origin.name, 63)
    assert len(origin.log) == 1
    list_folding.fold_if_due(origin.name, 64)
    assert origin.log == []


def test_a_fold_that_fails_does_not_fail_its_request(origin: CountedOrigin, time: Clock) -> None:
    origin.set("a/1/1", EVERYONE)
    time.advance(1)

    with faults(everything(THROTTLED)) as wire:
        list_folding.fold_if_possible(origin.name)

    assert len(wire.attempts) == 1


@pytest.mark.parametrize("problem", [StoreRefused, KeyTooLong])
def test_a_fold_that_the_table_refuses_does_not_fail_its_request(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch, problem: type[Exception]
) -> None:
    def refuse(*_: object) -> bool:
        raise problem

    monkeypatch.setattr(list_folding, "put_if", refuse)
    origin.set("a/1/1", EVERYONE)
    time.advance(1)

    with log_lines() as log:
        list_folding.fold_if_due(origin.name, 64)

    assert origin.totals == (1, 1)
    assert len(log.named("unexpected error")) == 1


def test_a_fold_takes_a_bounded_part_of_the_log(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_folding, "CHANGES_AT_ONCE", 4)
    origin.add_releases(10)
    lengths = []
    for _ in range(3):
        fold(origin, time)
        lengths.append(len(origin.log))

    assert lengths == [6, 2, 0]
    assert origin.totals == (10, 10)


def test_a_fold_takes_a_bounded_number_of_lists(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_folding, "LISTS_AT_ONCE", 2)
    several = [list_rows.channel_list(f"c{number}") for number in range(5)]
    for chosen in (several[:3], several[3:4], several[3:], several[:1]):
        with Change() as change:
            entries = [EntryChange(name, "a/1/1\x1fx86_64-linux", ABSENT, EVERYONE) for name in chosen]
            list_changes.add(change, origin.name, entries)
    lengths = []
    for _ in range(3):
        fold(origin, time)
        lengths.append(len(origin.log))

    assert lengths == [3, 1, 0]


def test_times_leave_a_margin_for_clocks_and_repeated_calls() -> None:
    margin = list_folding.KEPT - list_folding.DELETED_WITHIN - counted_lists.READ_WITHIN

    assert margin >= timedelta(seconds=15)


def test_a_change_is_not_deleted_long_after_it_was_included(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.set("a/1/1", EVERYONE)
    with monkeypatch.context() as patch:
        after(patch, "PutItem", lambda: time.advance(10))
        fold(origin, time)

    assert len(origin.log) == 1
    assert len(origin.included) == 1


def test_a_fold_that_reads_the_index_late_does_nothing(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.set("a/1/1", EVERYONE)
    with monkeypatch.context() as patch:
        after(patch, "BatchGetItem", lambda: time.advance(10))
        fold(origin, time)

    assert origin.stored_index is None


def test_a_fold_that_another_one_overtakes_while_it_splits_does_not_find_the_index_wrong(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_blocks, "BLOCK_ENTRIES", 4)
    monkeypatch.setattr(list_folding, "rebuild", lambda *_: pytest.fail("the index is right"))
    origin.add_releases(5)

    def overtake() -> None:
        origin.set("b/1/1", EVERYONE)
        fold(origin, time)

    with monkeypatch.context() as patch:
        after(patch, "BatchGetItem", overtake)
        fold(origin, time)

    assert origin.totals == (6, 6)


def test_the_id_of_a_change_in_the_rest_of_the_log_is_kept(
    origin: CountedOrigin, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_folding, "LISTS_AT_ONCE", 2)
    late = Change()
    list_changes.add(late, origin.name, [EntryChange(name, "a", ABSENT, EVERYONE) for name in ("channel/a", "names")])
    with Change() as change:
        entries = [EntryChange(name, "b", ABSENT, EVERYONE) for name in ("channel/b", "names")]
        list_changes.add(change, origin.name, entries)
    with monkeypatch.context() as patch:
        patch.setattr(list_folding, "delete_many", lambda keys: None)
        fold(origin, time)
    time.advance(60)
    late.commit()

    list_folding.fold(origin.name)

    assert len(origin.log) == 1
    assert counted_lists.counted_alone(origin.name, list_rows.NAMES).whole.total(member=True) == 2
