"""Counted lists of an origin: exact totals, and the start of any page.

A list is its index and the changes in the log that the index does not include. A reader reads the log first and the
index after it. Then a change that leaves the log in between is in the index, and a change in both is counted once,
because the index knows the changes that it includes for a while after they have left the log.

```python
log = lists.log_of(origin)
found = read_many([lists.index_key(origin, name), ...])
counted = lists.counted(log, name, found.get(lists.index_key(origin, name)))
```
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib.catalog.lists import list_rows
from chalicelib.catalog.lists.list_rows import EntryChange, ListChangeRow, ListIndexRow, index_key
from chalicelib.core.lists.included_changes import IncludedChanges
from chalicelib.core.lists.list_blocks import Blocks, Part
from chalicelib.platform import clock
from chalicelib.platform.table import StoreUnavailable, read, rows

__all__ = ["CountedList", "Log", "Part", "counted", "counted_alone", "index_key", "log_of"]

READ_WITHIN = timedelta(seconds=5)
"""A reader that takes longer from the log to the index reads both again. See `list_folding.KEPT`."""

ATTEMPTS = 3


class Log(Struct, frozen=True):
    """The changes of an origin's lists that were in the log, newest first, and when reading it began."""

    origin: str
    began: datetime
    changes: tuple[ListChangeRow, ...]

    def of_list(self, name: str) -> Iterator[tuple[int, EntryChange]]:
        """Yield the changes of entries of a list, each with the id of the change in the log."""
        for row in self.changes:
            yield from ((row.id, entry) for entry in row.entries_of(name))


class CountedList:
    """A list at one moment."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    @property
    def whole(self) -> Part:
        """The whole list: its totals, and the starts of its pages."""
        return self._blocks.whole

    def part(self, prefix: str) -> Part | None:
        """Return the part of the list below a prefix, which ends with a slash.

        None if its entries are few (about 128 at most): read the rows below the prefix instead.
        """
        return self._blocks.part(prefix)


def log_of(origin: str) -> Log:
    """Read the log of an origin's list changes. One Query, of few rows while changes are folded.

    The newest changes are read first: if a change is read, an earlier change that it relies on is read, too.
    """
    began = clock.now()
    return Log(origin, began, tuple(rows(ListChangeRow, list_rows.changes_partition(origin), newest_first=True)))


def counted(log: Log, name: str, index: ListIndexRow | None) -> CountedList:
    """Return a list, from the log and the index that was read after it. A list without an index is empty.

    Reads both again if too much time has passed since the log was read. Raises StoreUnavailable if that repeats.
    """
    for _ in range(ATTEMPTS):
        if clock.now() - log.began <= READ_WITHIN:
            return _with_changes(log, name, index)
        log = log_of(log.origin)
        index = read(index_key(log.origin, name))
    raise StoreUnavailable


def _with_changes(log: Log, name: str, index: ListIndexRow | None) -> CountedList:
    blocks, included = unpacked(index)
    for identifier, entry in log.of_list(name):
        if identifier not in included:
            blocks.apply(entry.key, entry.before, entry.after)
    return CountedList(blocks)


def counted_alone(origin: str, name: str) -> CountedList:
    """Return a list with two calls, for callers that read nothing else."""
    log = log_of(origin)
    return counted(log, name, read(index_key(origin, name)))


def unpacked(index: ListIndexRow | None) -> tuple[Blocks, IncludedChanges]:
    """Return the blocks of an index and the changes that they include."""
    if index is None:
        return Blocks(), IncludedChanges()
    return Blocks.unpacked(index.blocks), IncludedChanges.unpacked(index.included)
