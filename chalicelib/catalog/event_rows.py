"""Rows of promotions and demotions; they outlive packages, channels and origins (packages.md sections 2 and 11)."""

from collections.abc import Iterator

from chalicelib.core.event_kinds import ChannelOperation, Trigger
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import Row, partition, rows

EVENTS = "EVENTS"
"""One partition in order of time, so that a range of days is one Query, however many of its days have no events."""

STARTED, DONE = "started", "done"


class EventRow(Row):
    """One change of a package's channels, sorted by time, then ident; those made together share the group's id."""

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
    """One bulk change of a channel; `started` stays where it was interrupted. No endpoint shows it."""

    operation = UnicodeAttribute()
    source = UnicodeAttribute()
    target = UnicodeAttribute()
    trigger = UnicodeAttribute()
    requester_id = NumberAttribute()
    requester = UnicodeAttribute()
    created_at = UnicodeAttribute()
    state = UnicodeAttribute()

    @property
    def id(self) -> str:
        """What the events of the group name it by."""
        return self.sk.rpartition("#")[2]


def record(  # noqa: PLR0913 - an event's columns
    change: Change,
    operation: ChannelOperation,
    ident: PackageIdent,
    target: Target,
    channel: str,
    requester: tuple[int, str],
    trigger: Trigger,
    *,
    group: str | None = None,
) -> None:
    """Add the event to the change that makes it true."""
    created_at = timestamp(now())
    change.put(
        EventRow(
            EVENTS,
            f"{created_at}#{ident}#{target}",
            operation=str(operation),
            ident=str(ident),
            target=str(target),
            channel=channel,
            trigger=str(trigger),
            requester_id=requester[0],
            requester=requester[1],
            created_at=created_at,
            group=group,
        )
    )


def group_event(
    operation: ChannelOperation, origin: str, channels: tuple[str, str], requester: tuple[int, str], trigger: Trigger
) -> GroupEventRow:
    """The row of a bulk change from one channel to another that has just been started."""
    moment = now()
    return GroupEventRow(
        group_events_partition(origin),
        f"{timestamp(moment)}#{new_id(moment)}",
        operation=str(operation),
        source=channels[0],
        target=channels[1],
        trigger=str(trigger),
        requester_id=requester[0],
        requester=requester[1],
        created_at=timestamp(moment),
        state=STARTED,
    )


def group_events_partition(origin: str) -> str:
    """Where the bulk changes of an origin's channels stand, in order of time."""
    return partition("GROUP-EVENTS", origin)


def newest_first(first_day: str, last_day: str) -> Iterator[EventRow]:
    """The events of some days (`YYYY-MM-DD`, UTC, both inclusive), the newest first."""
    if first_day > last_day:
        return iter(())
    return rows(EventRow, EVENTS, between=(first_day, last_day + "U"), newest_first=True)
