"""The progress of long changes of an origin's channels."""

from chalicelib.catalog.long_changes.long_change_rows import LongChangeRow, long_change_key, long_changes_partition
from chalicelib.long_changes.errors import LongChangeMissing
from chalicelib.platform.table import read, rows

LISTED = 100
ID_DIGITS = 19


def newest(origin: str) -> list[LongChangeRow]:
    """Return the newest changes of an origin, LISTED at most, the newest first."""
    return list(rows(LongChangeRow, long_changes_partition(origin), newest_first=True, limit=LISTED))


def find(origin: str, identifier: str) -> LongChangeRow:
    """Return a change by its id. Raises LongChangeMissing."""
    if not (identifier.isascii() and identifier.isdecimal() and len(identifier) <= ID_DIGITS):
        raise LongChangeMissing
    row = read(long_change_key(origin, int(identifier)))
    if row is None:
        raise LongChangeMissing
    return row
