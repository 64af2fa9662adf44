"""The end of old job groups: their channels and their entries (builds.md 18; app.py: `clean_up_builds`).

Each execution of a group lists the group under the day on which it began. A pass over such days needs no scan. There
are two: one removes the channels of groups, the later one moves their entries to the object store. The row of a group
stays. A run may be interrupted anywhere and repeated; the next one continues with the group that was not treated.
"""

import time
from collections.abc import Callable
from datetime import date, timedelta
from enum import Enum

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.builds import rows as build_rows
from chalicelib.builds.engine import ending
from chalicelib.builds.groups import archive
from chalicelib.builds.rows import EntryRow, GroupPointerRow, GroupRow
from chalicelib.platform import logs
from chalicelib.platform.clock import now
from chalicelib.platform.config import config
from chalicelib.platform.failures import Failures
from chalicelib.platform.table import delete_many, put_many, read, rows
from chalicelib.scheduled import group_channels
from chalicelib.scheduled.cursors import read_cursor, store_cursor

CHANNEL_DAYS = 30
NOTED_EVERY = 100
"""Groups after which a pass stores its progress."""

DAYS_BACK = 7
"""How far the first run looks back. It runs within a day of the deployment, when there are no old groups yet."""


class GroupsRetained(Struct):
    """The numbers of removed channels, of groups whose entries were moved, and of failures in one run."""

    channels: int = 0
    groups: int = 0
    failed: int = 0


def retain_groups(seconds: float) -> GroupsRetained:
    """Continue both passes for about `seconds`. A group that fails is listed under a later day and tried again."""
    began, failures, result = time.monotonic(), Failures(), GroupsRetained()

    def remove_channels(group: GroupRow) -> bool:
        result.channels += group_channels.remove_channels(group)
        return False

    def move_entries(group: GroupRow) -> bool:
        result.channels += group_channels.remove_channels(group)
        _move_entries(group)
        result.groups += 1
        return True

    _pass("group-channels", CHANNEL_DAYS, remove_channels, began + seconds / 2, failures)
    _pass("group-entries", max(config.group_days, CHANNEL_DAYS + 1), move_entries, began + seconds, failures)
    result.failed = failures.number
    logs.logger().info("groups retained", extra=asdict(result))
    return result


def _pass(name: str, days: int, treat: Callable[[GroupRow], bool], end: float, failures: Failures) -> None:
    """Treat the groups of all days up to `days` ago. `treat` returns True if the group need not be listed any more."""
    last = now().date() - timedelta(days=days)
    day, after = _next(read_cursor(name), last - timedelta(days=DAYS_BACK))
    while day <= last and time.monotonic() < end:
        pointers = rows(GroupPointerRow, build_rows.groups_of_day_partition(day.isoformat()), after=after or None)
        for number, pointer in enumerate(pointers):
            if time.monotonic() > end or number % NOTED_EVERY == NOTED_EVERY - 1:
                store_cursor(name, f"{day.isoformat()}/{after}")
            if time.monotonic() > end:
                return
            _treat(pointer, day, treat, failures)
            after = pointer.sk
        store_cursor(name, day.isoformat())
        day, after = day + timedelta(days=1), ""


def _next(cursor: str, first: date) -> tuple[date, str]:
    """Return the day with which a run begins, and the last group of this day that was treated.

    A cursor is a day that is finished, or `day/group`.
    """
    if not cursor:
        return first, ""
    day, slash, group = cursor.partition("/")
    return date.fromisoformat(day) + timedelta(days=0 if slash else 1), group


def _treat(pointer: GroupPointerRow, day: date, treat: Callable[[GroupRow], bool], failures: Failures) -> None:
    """Treat a group, and list it under today if it failed or has not ended."""
    group_id = int(pointer.group_id)
    outcome = _Outcome.LATER
    with failures.skipped():
        outcome = _treated(read(build_rows.group_key(group_id)), treat)
    if outcome is _Outcome.LATER:
        key = build_rows.group_of_day_key(now().date().isoformat(), group_id)
        put_many([GroupPointerRow(key.pk, key.sk, group_id=group_id)])
    if outcome is not _Outcome.LISTED:
        delete_many([build_rows.group_of_day_key(day.isoformat(), group_id)])


class _Outcome(Enum):
    """Whether a group stays in the list of its day, leaves it, or moves to a later day."""

    LISTED = "listed"
    DONE = "done"
    LATER = "later"


def _treated(group: GroupRow | None, treat: Callable[[GroupRow], bool]) -> _Outcome:
    if group is None:
        return _Outcome.DONE
    if not has_ended(group):
        return _Outcome.LATER
    return _Outcome.DONE if treat(group) else _Outcome.LISTED


def has_ended(group: GroupRow) -> bool:
    """Return whether a group has a final state and no entry that may still change."""
    return group.group_state.is_final and ending.open_entries(group) == 0


def _move_entries(group: GroupRow) -> None:
    """Store the entries in the object store, then delete their rows.

    The first entry is deleted before the others. If it is missing, an interrupted run has stored all entries.
    """
    group_id = int(group.id)
    entries = list(rows(EntryRow, build_rows.group_partition(group_id), begins=build_rows.ENTRY_PREFIX))
    if not entries:
        return
    if entries[0].order == build_rows.order_text(0):
        archive.store(group, entries)
        delete_many([build_rows.entry_key(group_id, entries[0].order)])
    delete_many([build_rows.entry_key(group_id, entry.order) for entry in entries])
