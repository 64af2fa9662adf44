"""Rows of promotions and demotions. They are never deleted, not even with the origin (packages.md 2 and 11)."""

from collections.abc import Iterator

from chalicelib.core.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import Row, newest_rows, partition

EVENTS = "EVENTS"
"""All events share one partition in order of time, so that any range of days is one Query."""

SHOWN = ["pk", "sk", "operation", "ident", "channel", "requester_id", "created_at"]
"""The attributes of an event that a list of events needs."""

STARTED, DONE, REFUSED = "started", "done", "refused"


class EventRow(Row):
    """A promotion or demotion of one package, sorted by time, then ident. Events of one package set share a `group`."""

    operation = UnicodeAttribute()
    ident = UnicodeAttribute()
    target = UnicodeAttribute()
    channel = UnicodeAttribute()
    trigger = UnicodeAttribute()
    requester_id = NumberAttribute()
    requester = UnicodeAttribute()
    created_at = UnicodeAttribute()
    group = UnicodeAttribute(null=True)


class GroupEventRow(Row):
    """A bulk change, a package set, or a part of a job group. No endpoint shows these rows.

    A bulk change is `started` until all of its packages have moved. It is `refused` if the role of its requester or its
    target has ended before. `idents` are the packages of a job group, joined by spaces, which give no events
    (builds.md 4.3).
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


def record(
    change: Change,
    operation: ChannelOperation,
    ident: PackageIdent,
    target: Target,
    channel: str,
    by: Session,
    *,
    group: str | None = None,
) -> None:
    """Add an event to the change that it describes, so that neither is written without the other."""
    created_at = timestamp(now())
    change.put(
        EventRow(
            EVENTS,
            f"{created_at}#{ident}#{target}",
            operation=str(operation),
            ident=str(ident),
            target=str(target),
            channel=channel,
            trigger=str(by.trigger),
            requester_id=by.account_id,
            requester=by.name,
            created_at=created_at,
            group=group,
        )
    )


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


def newest_first(first_day: str, last_day: str, channel: str, examined: int) -> Iterator[EventRow]:
    """Return events between two UTC days (`YYYY-MM-DD`, both inclusive), newest first, with the attributes in SHOWN.

    channel: only events of this channel; empty for all.
    examined: read only the newest of these days, before the channel is compared.
    """
    if first_day > last_day:
        return iter(())
    end = last_day + "U"  # sorts after all times of the day, which continue with "T"
    where = EventRow.channel == channel if channel else None
    return newest_rows(EventRow, EVENTS, (first_day, end), where=where, examined=examined, only=SHOWN)
