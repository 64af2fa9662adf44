"""Rows of long changes: what has been done, and which are running."""

import hashlib

from chalicelib.core.long_change import LongChangeKind, LongChangeState
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition

OPEN = partition("OPEN-LONG-CHANGES")


class LongChangeRow(Row):
    """A long change of an origin's channels, with its progress. The sort key is its id.

    - `source`, `target`: channels; `source_id`, `target_id`: their ids when the change began.
    - `moved`, `total`: numbers of packages. `total` is None until they are counted.
    - `phase`, `position`: how far the change is; only its own kind understands them.
    - `group`: the sort key of the row of a bulk change (`GroupEventRow`).
    - `requester_id`, `requester`, `trigger`: who requested it. `role`, `origin_id`, `refused_as`: the permission
      (`core/permission.py`) that must still hold; None without one.
    - `holder`, `held_until`: the worker that holds the change, and until when (milliseconds).
    - `failures`: the number of attempts since the last progress that ended with an unexpected error.
    - `why`: why it was refused, or the kind of the error with which it failed.

    Rows of changes that have ended expire, except those that can be continued (`Hold.suspend`).
    """

    kind = UnicodeAttribute()
    origin = UnicodeAttribute()
    source = UnicodeAttribute()
    target = UnicodeAttribute(null=True)
    source_id = NumberAttribute(null=True)
    target_id = NumberAttribute(null=True)
    state = UnicodeAttribute()
    phase = UnicodeAttribute(null=True)
    position = UnicodeAttribute(null=True)
    moved = NumberAttribute(default=0)
    total = NumberAttribute(null=True)
    group = UnicodeAttribute(null=True)
    requester_id = NumberAttribute()
    requester = UnicodeAttribute()
    trigger = UnicodeAttribute()
    role = UnicodeAttribute(null=True)
    origin_id = NumberAttribute(null=True)
    refused_as = NumberAttribute(null=True)
    created_at = UnicodeAttribute()
    ended_at = UnicodeAttribute(null=True)
    why = UnicodeAttribute(null=True)
    holder = NumberAttribute()
    held_until = NumberAttribute()
    failures = NumberAttribute(default=0)
    expires_at = NumberAttribute(null=True)

    @property
    def id(self) -> int:
        """The id of the change."""
        return int(self.sk)

    @property
    def is_running(self) -> bool:
        """Return whether the change has not ended."""
        return bool(self.state == LongChangeState.RUNNING)


class OpenLongChangeRow(Row):
    """A long change that is running, or failed and can be continued. One at most of each kind for the same channels.

    These rows of all origins share a partition, in which a scheduled function finds what no execution drives any more.
    """

    origin = UnicodeAttribute()
    kind = UnicodeAttribute()
    id = NumberAttribute()


def long_changes_partition(origin: str) -> str:
    """Partition of the long changes of an origin, in order of their beginning."""
    return partition("LONG-CHANGES", origin)


def long_change_key(origin: str, identifier: int) -> Key[LongChangeRow]:
    """Key of a long change."""
    return Key(LongChangeRow, long_changes_partition(origin), f"{identifier:019d}")


def open_prefix(origin: str) -> str:
    """Return the beginning of the sort keys of the running changes of an origin."""
    return f"{origin}/"


def open_key(origin: str, kind: LongChangeKind, source: str, target: str | None = None) -> Key[OpenLongChangeRow]:
    """Key of the running change of a kind for these channels. Their names may be too long for a key: it has a hash."""
    channels = partition(str(kind), source, *([] if target is None else [target]))
    digest = hashlib.sha256(channels.encode()).hexdigest()
    return Key(OpenLongChangeRow, OPEN, f"{open_prefix(origin)}{digest}")
