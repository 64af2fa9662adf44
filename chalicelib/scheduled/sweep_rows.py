"""What the sweep remembers from run to run: where it stopped, and since when objects are without a row."""

import time
from collections.abc import Iterable

from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.table import Key, Row, delete_many, partition, put_many, read, read_many

REMEMBERED_SECONDS = 90 * 86_400


class SweepRow(Row):
    """The object behind which the next run goes on; without a row it begins at the front."""

    after = UnicodeAttribute()


class UnnamedRow(Row):
    """An object (`sk`) that no row named at a time (`since`, seconds)."""

    since = NumberAttribute()
    expires_at = NumberAttribute()


_KEY = Key(SweepRow, partition("SWEEP"), "OBJECTS")


def position() -> str:
    """The last object that was looked at, empty at the front."""
    row = read(_KEY)
    return "" if row is None else row.after


def go_on_behind(after: str) -> None:
    """Remember the last object that was looked at; empty: the next run begins at the front."""
    change = Change()
    if after:
        change.put(SweepRow(_KEY.pk, _KEY.sk, after=after))
    else:
        change.delete(_KEY)
    change.commit()


def unnamed_since(keys: Iterable[str]) -> dict[str, float]:
    """When objects were first seen without a row; those that were not are left out."""
    places = {key: _unnamed_key(key) for key in keys}
    found = read_many(list(places.values()))
    rows = {key: found.get(place) for key, place in places.items()}
    return {key: float(row.since) for key, row in rows.items() if row is not None}


def note_unnamed(keys: Iterable[str]) -> None:
    """Remember that these objects have no row now."""
    now = int(time.time())
    places = map(_unnamed_key, keys)
    put_many([UnnamedRow(place.pk, place.sk, since=now, expires_at=now + REMEMBERED_SECONDS) for place in places])


def forget_unnamed(keys: Iterable[str]) -> None:
    """These objects are gone."""
    delete_many([_unnamed_key(key) for key in keys])


def _unnamed_key(key: str) -> Key[UnnamedRow]:
    return Key(UnnamedRow, partition("UNNAMED-OBJECTS"), key)
