"""Visits of the job groups that have not ended, read without a scan."""

import time
from collections.abc import Callable, Iterator
from itertools import islice

from msgspec import Struct

from chalicelib.builds import rows as build_rows
from chalicelib.builds.rows import GroupPointerRow, GroupRow
from chalicelib.core.target import Target
from chalicelib.platform.failures import Failures
from chalicelib.platform.table import delete_many, read_many, rows
from chalicelib.scheduled.cursors import read_cursor, store_cursor

AT_ONCE = 100
"""Number of groups that are read at once. A run stores its progress after each of these batches."""


class Visited(Struct):
    """The numbers of groups that were visited and that failed in one run."""

    groups: int = 0
    failed: int = 0


def visit_open_groups(function: str, seconds: float, treat: Callable[[GroupRow], None]) -> Visited:
    """Treat the groups that have not ended, oldest first, for about `seconds`. A group that fails is skipped.

    Each target has an equal share of the time that is left. If the time ends before the last group of a target, the
    next run of the function continues with the next group.
    """
    end, failures, visited = time.monotonic() + seconds, Failures(), Visited()
    targets = list(Target)
    for number, target in enumerate(targets):
        began = time.monotonic()
        visit = _Visit(f"{function}/{target}", min(end, began + (end - began) / (len(targets) - number)), failures)
        with failures.skipped():
            visit.groups_of(target, treat)
        visited.groups += visit.number
    visited.failed = failures.number
    return visited


class _Visit(Struct):
    """The visit of the groups of one target: where its cursor is stored, its end, and the number of groups so far."""

    cursor: str
    end: float
    failures: Failures
    number: int = 0

    def groups_of(self, target: Target, treat: Callable[[GroupRow], None]) -> None:
        """Treat the groups of a target, and store where the next run begins."""
        first = last = read_cursor(self.cursor)
        for group in _open_groups(target, first):
            if time.monotonic() > self.end:
                store_cursor(self.cursor, last)
                return
            with self.failures.skipped():
                treat(group)
            last = f"{int(group.id):019d}"
            self.number += 1
            if self.number % AT_ONCE == 0:
                store_cursor(self.cursor, last)
        if first or self.number >= AT_ONCE:
            store_cursor(self.cursor, "")


def _open_groups(target: Target, after: str) -> Iterator[GroupRow]:
    """Yield the groups of a target that have not ended, after a pointer's sort key.

    A pointer without a group is deleted: the rows of a group are never created again.
    """
    pointers = rows(GroupPointerRow, build_rows.open_groups_partition(target), after=after or None)
    while batch := [int(pointer.group_id) for pointer in islice(pointers, AT_ONCE)]:
        keys = {group_id: build_rows.group_key(group_id) for group_id in batch}
        found = read_many(list(keys.values()))
        groups = {group_id: found.get(key) for group_id, key in keys.items()}
        delete_many([build_rows.open_group_key(target, each) for each, group in groups.items() if group is None])
        yield from (group for group in groups.values() if group is not None)
