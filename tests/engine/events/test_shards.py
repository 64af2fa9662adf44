"""The number of shards of the inbox of events follows the load."""

from typing import Any

import pytest

from chalicelib.catalog.events import event_folding, event_rows
from chalicelib.catalog.events.event_rows import EventRow, ShardsRow
from chalicelib.platform.table import delete_many, put_many, read, read_many
from chalicelib.scheduled import event_upkeep
from tests.engine.events.feed import PRIVATE, PUBLIC, an_ident, change_standing, promote, shown


@pytest.fixture(autouse=True)
def _one_shard(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    delete_many([event_rows.shards_key()])
    monkeypatch.setattr(event_rows._Shards, "number", 1)
    monkeypatch.setattr(event_rows._Shards, "read_at", -event_rows.FRESH_SECONDS)


def shards() -> tuple[int, int] | None:
    row = read(event_rows.shards_key())
    return None if row is None else (int(row.writers), int(row.readers))


def waiting(number: int, seconds: float) -> list[EventRow]:
    """Return events that were recorded within some seconds."""
    return [
        EventRow("", "", created_at=f"2026-01-01T00:00:{number * seconds / total:09.6f}", **FIELDS)
        for total in [number]
        for number in range(total + 1)
    ]


FIELDS: dict[str, Any] = {
    "operation": "Promote",
    "ident": "a/b/1/2",
    "target": "x86_64-linux",
    "channel": "stable",
    "trigger": "unknown",
    "requester_id": 7,
    "requester": "user7",
}


def test_a_quiet_depot_has_one_shard() -> None:
    event_upkeep.set_shards(waiting(50, 0.1), "2026-01-01")
    event_upkeep.set_shards(waiting(5_000, 59), "2026-01-01")

    assert shards() is None


def test_a_shard_is_used_for_a_fifth_of_what_its_partition_key_takes() -> None:
    event_upkeep.set_shards(waiting(1_000, 2), "2026-01-01")

    assert shards() == (12, 12)
    event_upkeep.set_shards(waiting(20_000, 2), "2026-01-01")
    assert shards() == (128, 128)


def test_shards_are_reduced_once_a_day_and_read_a_day_longer() -> None:
    event_upkeep.set_shards(waiting(1_000, 2), "2026-01-01")
    event_upkeep.set_shards([], "2026-01-01")
    assert shards() == (12, 12)

    event_upkeep.set_shards([], "2026-01-02")
    event_upkeep.set_shards([], "2026-01-02")
    assert shards() == (1, 12)
    event_upkeep.set_shards([], "2026-01-03")
    assert shards() == (1, 1)


def test_writers_use_all_shards_and_readers_and_folds_find_all_rows() -> None:
    key = event_rows.shards_key()
    put_many([ShardsRow(key.pk, key.sk, writers=4, readers=4, reduced_on="")])
    event_rows.note_shards(read_many(event_rows.keys_before()))
    idents = [an_ident() for _ in range(20)]
    channel = promote(idents[0])
    for ident in idents[1:]:
        promote(ident, channel=channel)
    change_standing(idents[0], PUBLIC, PRIVATE)

    inbox = event_rows.inbox()
    assert len({row.pk for row in inbox.events}) > 1
    assert inbox.shards == 4
    assert sorted(shown(channel)) == sorted(map(str, idents[1:]))
    event_folding.fold()
    assert event_rows.inbox().events == []
    assert sorted(shown(channel)) == sorted(map(str, idents[1:]))


def test_the_number_is_read_again_after_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert event_rows.keys_before() == [event_rows.shards_key()]
    event_rows.note_shards(read_many([]))
    assert event_rows.keys_before() == []

    monkeypatch.setattr(event_rows, "FRESH_SECONDS", 0.0)
    assert event_rows.keys_before() == [event_rows.shards_key()]
