"""Rows of promotions and demotions by day; they outlive packages, channels and origins (packages.md 2 and 11)."""

from enum import StrEnum

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.table import Change, Row


class Operation(StrEnum):
    """What was done to a package in a channel."""

    PROMOTE = "Promote"
    DEMOTE = "Demote"


class Trigger(StrEnum):
    """What asked for it (platform.md 1.5)."""

    HAB = "hab_client"
    WEB = "builder_ui"
    UNKNOWN = "unknown"


class EventRow(Row):
    """One single-package change of a channel; sorted by time within its day."""

    operation = UnicodeAttribute()
    ident = UnicodeAttribute()
    target = UnicodeAttribute()
    channel = UnicodeAttribute()
    trigger = UnicodeAttribute()
    requester_id = NumberAttribute()
    requester = UnicodeAttribute()
    created_at = UnicodeAttribute()


def day_partition(day: str) -> str:
    """Where the events of a day (`YYYY-MM-DD`, UTC) stand."""
    return f"EVENTS#{day}"


def trigger_of(user_agent: str, referer: str) -> Trigger:
    """Who is behind a request: the command line, the web UI, or unknown."""
    if user_agent.startswith("hab/"):
        return Trigger.HAB
    return Trigger.WEB if "http" in referer else Trigger.UNKNOWN


def record(
    change: Change,
    operation: Operation,
    ident: PackageIdent,
    target: Target,
    channel: str,
    requester: tuple[int, str],
    trigger: Trigger,
) -> None:
    """Add the event to the change that makes it true."""
    created_at = timestamp(now())
    change.put(
        EventRow(
            day_partition(created_at[:10]),
            f"{created_at}#{ident}#{target}",
            operation=str(operation),
            ident=str(ident),
            target=str(target),
            channel=channel,
            trigger=str(trigger),
            requester_id=requester[0],
            requester=requester[1],
            created_at=created_at,
        )
    )
