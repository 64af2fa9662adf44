"""Rows of promotions and demotions (packages.md 2 and 11).

An event is first a row in the *inbox*. The index of events (`event_index`) takes it from there (`event_folding`), and
then the row is deleted. What an event says is never deleted, not even with the origin.
"""

import secrets
import time
from collections.abc import Iterator
from typing import Any, cast

from msgspec import Struct

from chalicelib.core.events.event_entries import EventEntry, PackageState, microseconds
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.platform.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import Found, rows

STARTED, DONE, REFUSED, FAILED = "started", "done", "refused", "failed"

SHARDS, CHANGED, EVENT = "#SHARDS", "CHANGED#", "EVENT#"
"""Sort key of the number of shards, and how those of changed idents and of events begin, in the order of reads."""

MOST_READ = 20_000
"""Events of the inbox that a request reads."""

FRESH_SECONDS = 10.0
"""How long a process uses the number of shards that it has read."""


class EventRow(Row):
    """A promotion or demotion of one package. Events of one package set share a `group`.

    `public`: whether a package of the ident was public. Later changes of that are in rows of `event_states`.
    """

    operation = UnicodeAttribute()
    ident = UnicodeAttribute()
    target = UnicodeAttribute()
    channel = UnicodeAttribute()
    trigger = UnicodeAttribute()
    requester_id = NumberAttribute()
    requester = UnicodeAttribute()
    created_at = UnicodeAttribute()
    group = UnicodeAttribute(null=True)
    public = BooleanAttribute()

    @property
    def entry(self) -> EventEntry:
        """The event as the index stores it."""
        return EventEntry(
            microseconds(self.created_at),
            self.ident,
            self.target,
            self.operation,
            self.channel,
            self.trigger,
            int(self.requester_id),
            self.requester,
            self.group or "",
        )

    @property
    def state(self) -> PackageState:
        """The state of the ident at the time of the event."""
        return PackageState.PUBLIC if self.public else PackageState.MEMBERS


class StateRow(Row):
    """The visibility of an ident has changed, or its packages were deleted or exist again. Its own row says which."""

    ident = UnicodeAttribute()


class ShardsRow(Row):
    """The number of shards of the inbox: those that writers use, and those that readers read.

    After the number of writers' shards was reduced, readers read more until no process uses the old number any more. It
    is reduced at most once a day (`reduced_on`).
    """

    writers = NumberAttribute()
    readers = NumberAttribute()
    reduced_on = UnicodeAttribute()


class InboxRow(Row):
    """Any row of the inbox; reads return EventRow, StateRow or ShardsRow."""

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Any:
        """Return the row as its own kind."""
        sk = data["sk"]["S"]
        kind: type[Row] = ShardsRow
        if sk != SHARDS:
            kind = EventRow if sk.startswith(EVENT) else StateRow
        return kind.from_raw_data(data)


class GroupEventRow(Row):
    """A bulk change, a package set, or a part of a job group. No endpoint shows these rows.

    A bulk change is `started` until all of its packages have moved. It is `refused` if the role of its requester or its
    target has ended before, and `failed` if it has met an unexpected error. `idents` are the packages of a job group,
    joined by spaces, which give no events (builds.md 4.3).
    """

    operation = UnicodeAttribute()
    source = UnicodeAttribute()
    target = UnicodeAttribute()
    trigger = UnicodeAttribute()
    requester_id = NumberAttribute()
    requester = UnicodeAttribute()
    created_at = UnicodeAttribute()
    state = UnicodeAttribute()
    idents = UnicodeAttribute(null=True)

    @property
    def id(self) -> str:
        """The id that the events of the group store."""
        return self.sk.rpartition("#")[2]


class Inbox(Struct, frozen=True):
    """The rows that the index may lack, the number of shards in which they are, and whether these are all."""

    events: list[EventRow]
    states: list[StateRow]
    shards: int = 1
    complete: bool = True


class _Shards:
    """The number of shards that this process uses, and when it was read."""

    number = 1
    read_at = -FRESH_SECONDS


def event(
    operation: ChannelOperation,
    ident: PackageIdent,
    target: Target,
    channel: str,
    by: Session,
    *,
    public: bool,
    group: str | None = None,
) -> EventRow:
    """Return the row of an event, to be added to the change that it describes (`Change.add`).

    public: whether the ident has a public package after the change.
    """
    moment = now()
    return EventRow(
        inbox_partition(secrets.randbelow(_Shards.number)),
        f"{EVENT}{new_id(moment):019d}",
        operation=str(operation),
        ident=str(ident),
        target=str(target),
        channel=channel,
        trigger=str(by.trigger),
        requester_id=by.account_id,
        requester=by.name,
        created_at=timestamp(moment),
        group=group,
        public=public,
    )


def add_state_change(change: Change, ident: PackageIdent) -> None:
    """Add a row to a change that changes the visibility or the existence of an ident."""
    pk = inbox_partition(secrets.randbelow(_Shards.number))
    change.add(StateRow(pk, f"{CHANGED}{new_id():019d}", ident=str(ident)))


def keys_before() -> list[Key[ShardsRow]]:
    """Return the keys of the rows to read before `event`, for `note_shards`: none if they were read recently."""
    return [shards_key()] if time.monotonic() - _Shards.read_at >= FRESH_SECONDS else []


def note_shards(found: Found) -> None:
    """Use the number of shards in the rows of `keys_before`."""
    if keys_before():
        row = found.get(shards_key())
        _Shards.number = 1 if row is None else int(row.writers)
        _Shards.read_at = time.monotonic()


def inbox() -> Inbox:
    """Return the rows of the inbox: all changed idents, and MOST_READ events. One Query per shard.

    The first shard has the number of shards.
    """
    events: list[EventRow] = []
    states: list[StateRow] = []
    shard, shards = 0, 1
    while shard < shards:
        for row in cast("Iterator[Row]", rows(InboxRow, inbox_partition(shard))):
            if isinstance(row, ShardsRow):
                shards = int(row.readers)
            elif isinstance(row, StateRow):
                states.append(row)
            elif isinstance(row, EventRow):
                events.append(row)
            if len(events) > MOST_READ:
                return Inbox(events, states, shards, complete=False)
        shard += 1
    return Inbox(events, states, shards)


def inbox_partition(shard: int) -> str:
    """Partition of a shard of the inbox, in order of the time at which rows were written."""
    return partition("EVENTS", str(shard))


def shards_key() -> Key[ShardsRow]:
    """Key of the number of shards."""
    return Key(ShardsRow, inbox_partition(0), SHARDS)


def group_event(operation: ChannelOperation, origin: str, source: str, target: str, by: Session) -> GroupEventRow:
    """Return the row of a bulk change from a source channel to a target channel, in the state `started`."""
    moment = now()
    return GroupEventRow(
        group_events_partition(origin),
        f"{timestamp(moment)}#{new_id(moment)}",
        operation=str(operation),
        source=source,
        target=target,
        trigger=str(by.trigger),
        requester_id=by.account_id,
        requester=by.name,
        created_at=timestamp(moment),
        state=STARTED,
    )


def group_events_partition(origin: str) -> str:
    """Partition of the bulk changes of an origin's channels, in order of time."""
    return partition("GROUP-EVENTS", origin)
