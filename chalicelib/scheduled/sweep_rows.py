"""Rows of the sweep: where the next run continues, and since when objects have no row."""

import time
from collections.abc import Iterable

from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import delete_many, put_many, read, read_many

LIFE_SECONDS = 90 * 86_400
"""Lifetime of an UnnamedRow."""


class SweepRow(Row):
    """The key of the object after which the next run continues."""

    after = UnicodeAttribute()


class UnnamedRow(Row):
    """An object (`sk`) and the time since when no row names it (`since`, in seconds)."""

    since = NumberAttribute()
    expires_at = NumberAttribute()


_KEY = Key(SweepRow, partition("SWEEP"), "OBJECTS")


def cursor() -> str:
    """Return the key of the last object that was examined, empty if the next run starts with the first one."""
    row = read(_KEY)
    return "" if row is None else row.after


def store_cursor(after: str) -> None:
    """Store the key of the last object that was examined; empty to start with the first one again."""
    with Change() as change:
        if after:
            change.put(SweepRow(_KEY.pk, _KEY.sk, after=after))
        else:
            change.delete(_KEY)


def unnamed_since(objects: Iterable[str]) -> dict[str, float]:
    """Return since when objects are known to have no row, by object key; unknown ones are left out."""
    keys = {each: _unnamed_key(each) for each in objects}
    found = read_many(list(keys.values()))
    rows = {each: found.get(key) for each, key in keys.items()}
    return {each: float(row.since) for each, row in rows.items() if row is not None}


def note_unnamed(objects: Iterable[str]) -> None:
    """Store that these objects have no row as of now."""
    now = int(time.time())
    keys = map(_unnamed_key, objects)
    put_many([UnnamedRow(key.pk, key.sk, since=now, expires_at=now + LIFE_SECONDS) for key in keys])


def forget_unnamed(objects: Iterable[str]) -> None:
    """Delete the rows about objects that were deleted."""
    delete_many([_unnamed_key(each) for each in objects])


def _unnamed_key(key: str) -> Key[UnnamedRow]:
    return Key(UnnamedRow, partition("UNNAMED-OBJECTS"), key)
