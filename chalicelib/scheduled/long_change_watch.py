"""The watchdog of long changes: it continues what no execution drives any more (app.py: `watch_long_changes`)."""

import time
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.catalog.long_changes import long_change_motor, long_change_states
from chalicelib.catalog.long_changes.long_change_rows import OPEN, OpenLongChangeRow, long_change_key
from chalicelib.core.ident import PackageIdent
from chalicelib.core.long_change import LongChangeKind
from chalicelib.core.target import Target
from chalicelib.long_changes import steps
from chalicelib.packages import pending_hints
from chalicelib.platform import logs
from chalicelib.platform.failures import Failures
from chalicelib.platform.table import read_many, rows
from chalicelib.scheduled.cursors import read_cursor, store_cursor

FUNCTION = "watch-long-changes"

IDLE_SECONDS = 120.0
"""If no worker has held a change for this time, its execution or its first request has ended early."""

AT_ONCE = 100
"""The number of changes that are read at once."""


class Watched(Struct):
    """The numbers of changes that were started again or continued, and that failed, in one run."""

    changes: int = 0
    failed: int = 0


class Change(Struct, frozen=True):
    """A change without a worker. A newer version of the service may have begun it, of a kind that is not known here."""

    kind: str
    origin: str
    id: str


def watch_long_changes(seconds: float) -> Watched:
    """Start an execution for each change that has none, for about `seconds`. Without a state machine, do its work.

    A change that fails is skipped. If the time ends before the last change, the next run continues with the next one.
    """
    end, failures, watched = time.monotonic() + seconds, Failures(), Watched()
    for target in Target:
        with failures.skipped():
            for change in _idle_hints(target):
                if time.monotonic() > end:
                    break
                _continue(change, end, failures, watched)
    with failures.skipped():
        _watch_channels(end, failures, watched)
    watched.failed = failures.number
    logs.logger().info("long changes watched", extra=asdict(watched))
    return watched


def _watch_channels(end: float, failures: Failures, watched: Watched) -> None:
    after = read_cursor(FUNCTION)
    entries = rows(OpenLongChangeRow, OPEN, after=after or None)
    while batch := list(islice(entries, AT_ONCE)):
        for change in _idle(batch):
            if time.monotonic() > end:
                store_cursor(FUNCTION, after)
                return
            _continue(change, end, failures, watched)
        after = batch[-1].sk
    store_cursor(FUNCTION, "")


def _idle(entries: list[OpenLongChangeRow]) -> Iterator[Change]:
    keys = [long_change_key(entry.origin, int(entry.id)) for entry in entries]
    found = read_many(keys)
    for entry, key in zip(entries, keys, strict=True):
        row = found.get(key)
        if row is not None and long_change_states.is_idle(row, IDLE_SECONDS):
            yield Change(entry.kind, entry.origin, str(int(entry.id)))


def _idle_hints(target: Target) -> Iterator[Change]:
    for row in pending_hints.older_than(target, IDLE_SECONDS):
        yield Change(LongChangeKind.HINTS, PackageIdent.parse(row.ident).origin, f"{target}-{int(row.sk)}")


def _continue(change: Change, end: float, failures: Failures, watched: Watched) -> None:
    watched.changes += 1
    with failures.skipped():
        kind = LongChangeKind(change.kind)
        if long_change_motor.has_machine():
            generation = long_change_motor.repair_generation()
            long_change_motor.renew(kind, change.origin, change.id, generation)
        else:
            seconds = min(steps.SECONDS, max(0.0, end - time.monotonic()))
            steps.resume(kind, change.origin, change.id, seconds)
