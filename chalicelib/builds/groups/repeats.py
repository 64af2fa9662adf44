"""The groups that events have made, so that a repeated event returns the same group (builds.md 17).

GitHub delivers a push again, and Lambda may run a function twice for one upload. The row is written in the transaction
that creates the group, so an event makes one group, wherever it is interrupted.
"""

import hashlib
import time

from chalicelib.builds import rows
from chalicelib.builds.rows import GroupRow
from chalicelib.platform.attributes import NumberAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import read

LIFE_SECONDS = 7 * 24 * 3600


class GroupOfEventRow(Row):
    """The group that an event has made or joined. `expires_at` (seconds) is the table's time to live."""

    group_id = NumberAttribute()
    expires_at = NumberAttribute()


def group_of_event_key(event: str) -> Key[GroupOfEventRow]:
    """Key of the group of an event. The text that identifies the event is hashed, because it may have any length."""
    hashed = hashlib.sha256(event.encode("utf-8", "surrogateescape")).hexdigest()
    return Key(GroupOfEventRow, partition("GROUP-OF-EVENT", hashed), "GROUP")


def group_of(event: str | None) -> GroupRow | None:
    """Return the group that an event has made or joined, or None. No call without an event, else one or two."""
    row = None if event is None else read(group_of_event_key(event))
    return None if row is None else read(rows.group_key(int(row.group_id)))


def note(change: Change, event: str | None, group_id: int) -> None:
    """Store the group of an event in a change, which raises Stale if the event has a group already."""
    if event is not None:
        key = group_of_event_key(event)
        expires_at = int(time.time()) + LIFE_SECONDS
        change.add(GroupOfEventRow(key.pk, key.sk, group_id=group_id, expires_at=expires_at))
