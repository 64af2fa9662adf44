"""Upkeep of the log of names, a part of the hourly sweep: folds it, and deletes changes that no reader needs any more.

A reader that has read the snapshots needs the changes behind their position until it has read the log. So a change is
deleted when the snapshots have held it for an hour: the position is stored by one run, and used by a run at least an
hour later. Readers that were idle for longer read the snapshots again (`packages/search/cached_index.py`).
"""

from collections.abc import Callable
from datetime import timedelta

from chalicelib.catalog import name_log
from chalicelib.packages.search import snapshots
from chalicelib.platform.clock import moment_of, new_id, now
from chalicelib.scheduled.cursors import read_cursor, store_cursor

KEPT = timedelta(minutes=55)
"""How long the snapshots have held a change before it is deleted. A little less than the time between two sweeps."""

DELETED_AT_ONCE = 1_000

CURSOR = "name-log"
"""The cursor is a position of the snapshots, and the id of the moment at which it was stored."""


def maintain_name_log(enough: Callable[[], bool]) -> int:
    """Fold the log, and delete old changes until `enough` returns True. Returns how many. Safe to repeat."""
    deleted = 0
    position, _, stored = read_cursor(CURSOR).partition("/")
    if position and now() - moment_of(int(stored)) < KEPT:
        return 0
    while position and not enough():
        number = name_log.delete_until(int(position), DELETED_AT_ONCE)
        deleted += number
        if number < DELETED_AT_ONCE:
            break
    snapshots.fold()
    store_cursor(CURSOR, f"{snapshots.position()}/{new_id()}")
    return deleted
