"""Where the sweep of the bucket stopped."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.platform.table import Change, Key, Row, partition, read


class SweepRow(Row):
    """The object behind which the next run goes on; without a row it begins at the front."""

    after = UnicodeAttribute()


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
