"""The log of names: one row each time that a name appears, disappears, becomes public or stops being public.

The transaction that changes a name inserts the row. Its key is unique, so writers do not meet. Search reads the log to
bring its index of all names up to date (`packages/search/cached_index.py`).

Ids of one name grow in the order of its changes, so the row with the greatest id holds the current state. Ids of
different names grow only roughly in the order in which the transactions commit. A change whose request was answered
has a row whose id is at most MARGIN older than its commit, so readers read the last MARGIN again.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from msgspec import Struct

from chalicelib.catalog import name_rows
from chalicelib.catalog.name_rows import NameRow
from chalicelib.core.shown import Shown
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import first_id, moment_of, new_id, now
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import delete_many, rows

MARGIN = timedelta(seconds=30)
"""Also allows for the difference of the clocks of two functions."""

SLOW = timedelta(seconds=10)
"""A change that took longer is noted again before its request is answered."""

LOG = partition("NAME-LOG")


class NameChangeRow(Row):
    """A change of a name. The sort key holds everything: id, who sees the name now, origin and name."""


class NameChange(Struct, frozen=True):
    """Who sees a name since a change."""

    id: int
    origin: str
    name: str
    shown: Shown


def note(change: Change, origin: str, name: str, shown: Shown, last: int | None) -> int:
    """Add a row of the log to the transaction that changes a name, and return its id. The caller stores it as `log_id`.

    last: the `log_id` of the name so far. The transaction must require that it is still current.
    """
    number = _put(change, origin, name, shown, last)
    change.then(lambda: _note_again_if_slow(origin, name, shown, number))
    return number


def changes_after(number: int) -> Iterator[NameChange]:
    """Yield the changes whose ids are greater, by id. One call per megabyte: 13,000 changes of usual names."""
    for row in rows(NameChangeRow, LOG, after=_sort_key(number), keys_only=True):
        identifier, shown, origin, name = row.sk.split("/")
        yield NameChange(int(identifier), origin, name, Shown(int(shown)))


def delete_until(number: int, most: int) -> int:
    """Delete the oldest changes, up to an id, and return how many. Safe to repeat."""
    oldest = rows(NameChangeRow, LOG, between=("0", _sort_key(number)), limit=most, keys_only=True)
    keys = [Key(NameChangeRow, row.pk, row.sk) for row in oldest]
    delete_many(keys)
    return len(keys)


def position_now() -> int:
    """Return the id up to which the log is complete now: no change with a smaller id will be added."""
    return first_id(now() - MARGIN)


def _put(change: Change, origin: str, name: str, shown: Shown, last: int | None) -> int:
    number = max(new_id(), (last or 0) + 1)
    change.put(NameChangeRow(LOG, f"{_sort_key(number)}/{shown:d}/{origin}/{name}"))
    return number


def _sort_key(number: int) -> str:
    return f"{number:019d}"


def _note_again_if_slow(origin: str, name: str, shown: Shown, number: int) -> None:
    """Note a change again that took so long that readers may be past its id, unless the name has changed since."""
    key = name_rows.name_key(origin, name)
    with suppress(Stale):
        while now() - moment_of(number) > SLOW:
            with Change() as change:
                renewed = _put(change, origin, name, shown, number)
                change.update(key, [NameRow.log_id.set(renewed)], condition=NameRow.log_id == number)
            number = renewed
