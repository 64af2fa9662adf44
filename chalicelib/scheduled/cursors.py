"""Rows that store where the next run of a scheduled function continues."""

from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import delete_many, put_many, read


class CursorRow(Row):
    """What the last run of a function has done last."""

    after = UnicodeAttribute()


def read_cursor(function: str) -> str:
    """Return what the last run has done last, empty if the next one starts at the beginning."""
    row = read(_key(function))
    return "" if row is None else row.after


def store_cursor(function: str, after: str) -> None:
    """Store what was done last; empty to start at the beginning again."""
    key = _key(function)
    if after:
        put_many([CursorRow(key.pk, key.sk, after=after)])
    else:
        delete_many([key])


def _key(function: str) -> Key[CursorRow]:
    return Key(CursorRow, partition("SCHEDULED", function), "CURSOR")
