"""Reads and folds of the index of events that meet other folds, uploads and changes of visibility."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.catalog.events import event_folding, event_index, event_rows, event_states
from chalicelib.catalog.events.event_index import EventIndexRow, Root
from chalicelib.catalog.events.event_rows import Inbox
from chalicelib.core.events import event_chunks
from chalicelib.core.standing import NOWHERE
from chalicelib.events import listing
from chalicelib.platform import change, clock
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.table import put_many, read, read_many, rows
from chalicelib.scheduled import event_upkeep
from tests.engine.events.feed import PRIVATE, PUBLIC, an_ident, change_standing, promote, shown

pytestmark = pytest.mark.usefixtures("table")


def after_first_read(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, action: Callable[[], object]) -> None:
    """Do something after the first call of a function, which returns what it read before."""
    function, calls = getattr(module, name), itertools.count()

    def acting(*arguments: Any) -> Any:
        result = function(*arguments)
        if next(calls) == 0:
            action()
        return result

    monkeypatch.setattr(module, name, acting)


def two_folds() -> None:
    """Fold, and fold another event, so that the root no longer says what the first fold took."""
    event_folding.fold()
    promote(an_ident())
    event_folding.fold()


def test_a_reader_counts_an_event_once_that_was_folded_after_it_read_the_inbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel = promote(ident := an_ident())
    after_first_read(monkeypatch, event_rows, "inbox", two_folds)

    assert shown(channel) == [str(ident)]


def test_a_fold_adds_no_event_again_that_others_have_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = promote(ident := an_ident())
    after_first_read(monkeypatch, event_rows, "inbox", two_folds)

    event_folding.fold()

    assert shown(channel) == [str(ident)]


def test_of_two_folds_at_once_one_is_given_up_and_leaves_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = promote(ident := an_ident())
    after_first_read(monkeypatch, event_folding, "read", event_folding.fold)

    assert event_folding.fold() == 0
    assert shown(channel) == [str(ident)]
    assert event_upkeep.delete_orphans(clock.now().timestamp() + 1) == 0


def test_a_fold_that_hears_nothing_of_its_write_has_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repeat of a write finds its own revision."""
    channel = promote(ident := an_ident())
    written = change.update_if

    def twice(*arguments: Any) -> Any:
        written(*arguments)
        return written(*arguments)

    monkeypatch.setattr(event_folding, "update_if", twice)

    assert event_folding.fold() == 1
    assert shown(channel) == [str(ident)]
    assert event_upkeep.delete_orphans(0) == 0


def test_a_fold_takes_a_state_with_the_events_that_were_recorded_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Query may have passed the place of an event before it was recorded, and then find a later change of state."""
    channel = promote(ident := an_ident())
    change_standing(ident, PUBLIC, PRIVATE)
    inbox, calls = event_rows.inbox, itertools.count()

    def without_event() -> Inbox:
        found = inbox()
        return found if next(calls) else Inbox([], found.states, found.shards)

    monkeypatch.setattr(event_rows, "inbox", without_event)
    event_folding.fold()
    monkeypatch.undo()
    event_folding.fold()

    assert shown(channel) == []


def test_states_stay_in_the_inbox_until_all_events_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [an_ident() for _ in range(2)]
    for other in others:
        promote(other)
    channel = promote(ident := an_ident())
    change_standing(ident, PUBLIC, PRIVATE)
    monkeypatch.setattr(event_folding, "MOST_EVENTS", 1)

    while event_folding.fold():
        assert shown(channel) == []

    assert shown(channel) == []
    assert str(ident) not in [row.ident for row in event_rows.inbox().states]


def test_an_upload_that_did_not_see_the_deletion_decides_again() -> None:
    """Its reads of the ident and of the note of the deletion may be before and after the deletion."""
    channel = promote(ident := an_ident())
    found = read_many(event_states.keys_before(ident))
    change_standing(ident, PUBLIC, NOWHERE)
    event_folding.fold()
    assert shown(channel) == []

    with pytest.raises(Stale), Change() as late:
        event_states.note_return(late, ident, found)
    change_standing(ident, NOWHERE, PUBLIC)

    assert shown(channel) == [str(ident)]


def test_a_fold_that_has_read_an_older_state_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another fold has found that the index is right already, and has deleted the rows of both changes."""
    channel = promote(ident := an_ident())
    event_folding.fold()
    change_standing(ident, PUBLIC, PRIVATE)

    def back_to_public() -> None:
        change_standing(ident, PRIVATE, PUBLIC)
        event_folding.fold()

    after_first_read(monkeypatch, event_states, "states_of", back_to_public)
    event_folding.fold()

    assert shown(channel) == [str(ident)]
    assert str(ident) not in [row.ident for row in event_rows.inbox().states]


def test_a_fold_takes_more_changed_idents_than_one_call_reads() -> None:
    idents = [an_ident() for _ in range(120)]
    channel = promote(idents[0])
    for ident in idents:
        change_standing(ident, PUBLIC, NOWHERE)

    event_folding.fold()

    assert event_rows.inbox().states == []
    assert shown(channel) == []


def test_a_first_upload_notes_nothing() -> None:
    before = len(event_rows.inbox().states)
    change_standing(ident := an_ident(), NOWHERE, PUBLIC)

    assert len(event_rows.inbox().states) == before
    assert read(event_states.deleted_key(ident)) is None


def test_a_reader_whose_rows_were_deleted_reads_again(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = promote(ident := an_ident())
    event_folding.fold()
    monkeypatch.setattr(event_index, "KEPT_SECONDS", -1)
    after_first_read(monkeypatch, event_rows, "inbox", lambda: None)
    unpacked, calls = Root.unpacked, itertools.count()

    def then_folds(row: Any) -> Root:
        root = unpacked(row)
        if next(calls) == 0:
            two_folds()
            two_folds()
        return root

    monkeypatch.setattr(Root, "unpacked", then_folds)

    assert shown(channel) == [str(ident)]


def test_replaced_rows_are_deleted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def parts() -> int:
        return sum(
            1
            for kind in (event_index.FACTS, event_index.NAMES, event_index.HASHES)
            for _ in rows(EventIndexRow, event_index.part_partition(kind))
        )

    promote(an_ident())
    event_folding.fold()
    before = parts()
    promote(an_ident())
    event_folding.fold()
    assert parts() == before + 3

    monkeypatch.setattr(event_index, "KEPT_SECONDS", -1)
    for _ in range(2):
        promote(an_ident())
        event_folding.fold()
    assert parts() <= before + 3


def test_orphans_of_interrupted_folds_are_deleted_when_they_are_old() -> None:
    channel = promote(ident := an_ident())
    event_folding.fold()
    moment = clock.now()
    old = str(clock.new_id(moment - timedelta(days=2)))
    put_many(
        [
            EventIndexRow(event_index.part_partition(event_index.PAGES), old, content=b"x"),
            EventIndexRow(event_index.part_partition(event_index.FACTS), f"{1:018d}#{old}", content=b"x"),
            EventIndexRow(event_index.part_partition(event_index.NAMES), str(clock.new_id(moment)), content=b"x"),
        ]
    )

    assert event_upkeep.delete_orphans((moment - timedelta(days=1)).timestamp()) == 2
    assert event_upkeep.delete_orphans(moment.timestamp() + 1) == 1
    assert shown(channel) == [str(ident)]


def test_events_with_equal_times_stay_on_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_chunks, "PAGE", 2)
    monkeypatch.setattr(event_rows, "timestamp", lambda _: "2031-01-01T00:00:00.000000")
    idents = [an_ident() for _ in range(5)]
    channel = promote(idents[0])
    for ident in idents[1:]:
        promote(ident, channel=channel)
        event_folding.fold()

    assert shown(channel) == sorted(map(str, idents), reverse=True)


def test_readers_count_every_acknowledged_event_while_others_write_and_fold() -> None:
    channel, acknowledged, done = promote(an_ident()), [1], threading.Event()

    def write() -> None:
        for _ in range(8):
            promote(an_ident(), channel=channel)
            acknowledged.append(1)

    def fold() -> None:
        while not done.is_set():
            event_folding.fold()

    with ThreadPoolExecutor(6) as pool:
        folds = [pool.submit(fold) for _ in range(2)]
        writers = [pool.submit(write) for _ in range(3)]
        before = 0
        while not all(writer.done() for writer in writers):
            at_least = len(acknowledged)
            found = shown(channel)
            assert len(set(found)) == len(found) >= max(at_least, before)
            before = len(found)
        done.set()
    for each in (*writers, *folds):
        each.result()
    assert len(shown(channel)) == 25


def test_of_too_many_chunks_the_newest_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_chunks, "PAGE", 1)
    monkeypatch.setattr(event_chunks, "CHUNK", 1)
    monkeypatch.setattr(listing, "MOST_CHUNKS", 2)
    idents = [an_ident()]
    monkeypatch.setattr(event_rows, "timestamp", lambda _: f"2999-01-0{len(idents)}T00:00:00.000000")
    channel = promote(idents[0])
    for _ in range(2):
        idents.append(an_ident())
        promote(idents[-1], channel=channel)
        event_folding.fold()

    assert shown(channel) == [str(idents[2]), str(idents[1])]
