"""The upkeep of the index of events (docs/ARCHITECTURE.md, "The index of events"; app.py: `fold_events`)."""

import math
import time
from collections.abc import Iterator, Sequence

from chalicelib.catalog.events import event_folding, event_index, event_rows
from chalicelib.catalog.events.event_index import DICTIONARY, FACTS, HASHES, NAMES, PAGES, EventIndexRow, Root
from chalicelib.catalog.events.event_rows import EventRow, ShardsRow
from chalicelib.platform import logs
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import update_if
from chalicelib.platform.clock import moment_of, now
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, read, rows
from chalicelib.scheduled import cursors

PER_SHARD = 100
"""Events a second for which one shard is used. A partition key takes 500: an event needs 2 of its 1,000 write units."""

MOST_SHARDS = 128
FEW_EVENTS = 100
"""From fewer events no rate is derived."""

ORPHAN_SECONDS = 86_400
"""Age from which a row that the root does not name is deleted. A fold that is under way is younger."""

_CURSOR = "event-orphans"


def fold_events(seconds: float) -> None:
    """Fold the inbox of events, set its number of shards, and once a day delete what interrupted folds have left."""
    deadline = time.monotonic() + seconds
    inbox = event_rows.inbox()
    set_shards(inbox.events, f"{now():%Y-%m-%d}")
    folded = 0
    while time.monotonic() < deadline and (taken := event_folding.fold()):
        folded += taken
    deleted = _delete_orphans_daily()
    if folded or deleted:
        logs.logger().info("events folded", extra={"events": folded, "orphans": deleted})


def shards_for(rate: float) -> int:
    """Return the number of shards for a rate of events per second, with room for twice the rate."""
    return min(MOST_SHARDS, 2 * math.ceil(rate / PER_SHARD))


def set_shards(waiting: Sequence[EventRow], today: str) -> None:
    """Use more shards if events arrive faster than these take, and fewer once a day if they take more than needed.

    Readers read the shards of the day before, because processes may still use the old number for seconds.
    """
    key = event_rows.shards_key()
    row = read(key)
    writers, readers = (1, 1) if row is None else (int(row.writers), int(row.readers))
    rate = _rate(waiting)
    needed = min(MOST_SHARDS, math.ceil(rate / PER_SHARD))
    if needed > writers:
        writers = shards_for(rate)
        readers = max(readers, writers)
    elif row is not None and row.reduced_on != today and (writers, readers) != (1, 1):
        writers, readers = max(1, needed), writers
    else:
        return
    unchanged: Condition = ShardsRow.pk.does_not_exist()
    if row is not None:
        unchanged = (ShardsRow.writers == int(row.writers)) & (ShardsRow.readers == int(row.readers))
    actions = [ShardsRow.writers.set(writers), ShardsRow.readers.set(readers), ShardsRow.reduced_on.set(today)]
    update_if(key, unchanged, actions)


def delete_orphans(older_than: float) -> int:
    """Delete the rows of the index that its root does not name and that are older than a time. Returns their number."""
    root = Root.unpacked(read(event_index.root_key()))
    live = set(_live(root))
    orphans = [
        Key(EventIndexRow, row.pk, row.sk)
        for kind in (FACTS, NAMES, HASHES, PAGES, DICTIONARY)
        for row in rows(EventIndexRow, event_index.part_partition(kind), keys_only=True)
        if (row.pk, row.sk) not in live and moment_of(int(row.sk.rpartition("#")[2])).timestamp() < older_than
    ]
    delete_many(orphans)
    return len(orphans)


def _rate(waiting: Sequence[EventRow]) -> float:
    """Return the events a second while these were recorded."""
    if len(waiting) < FEW_EVENTS:
        return 0.0
    times = [event.entry.time for event in waiting]
    return len(times) / max(1.0, (max(times) - min(times)) / 1_000_000)


def _delete_orphans_daily() -> int:
    today = f"{now():%Y-%m-%d}"
    if cursors.read_cursor(_CURSOR) == today:
        return 0
    deleted = delete_orphans(time.time() - ORPHAN_SECONDS)
    cursors.store_cursor(_CURSOR, today)
    return deleted


def _live(root: Root) -> Iterator[tuple[str, str]]:
    """Yield the keys of the rows that a root names."""
    for head, facts in zip(root.heads, event_index.facts_of(root.heads), strict=True):
        keys = [event_index.facts_key(head), *(event_index.part_key(kind, head) for kind in (NAMES, HASHES))]
        keys += [event_index.part_key(PAGES, page) for page in facts.pages]
        yield from ((key.pk, key.sk) for key in keys)
    for segment in root.segments:
        key = event_index.part_key(DICTIONARY, segment)
        yield key.pk, key.sk
    yield from ((each.pk, each.sk) for each in root.replaced)
