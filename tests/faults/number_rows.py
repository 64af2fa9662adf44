"""A kind of row for tests of the table, and calls of every kind on it."""

from collections.abc import Callable

from pynamodb.attributes import NumberAttribute

from chalicelib.platform.change import Change
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import count, delete_many, put_many, read, read_many, rows
from tests.builders.names import a_name


class NumberRow(Row):
    """A row with a number."""

    number = NumberAttribute()


def number_rows(size: int) -> tuple[str, list[NumberRow]]:
    """Return a new partition key, and rows numbered from 0 that are not written yet."""
    pk = a_name("numbers")
    return pk, [NumberRow(pk, f"{number:04}", number=number) for number in range(size)]


def keys_of(several: list[NumberRow]) -> list[Key[NumberRow]]:
    return [Key(NumberRow, row.pk, row.sk) for row in several]


def numbers_in(pk: str) -> list[int]:
    return [int(row.number) for row in rows(NumberRow, pk)]


def adding(row: NumberRow, otherwise: Exception | None = None) -> Change:
    """Return a change, not committed yet, that adds a row."""
    change = Change()
    change.add(row, otherwise)
    return change


def calls_on(pk: str, several: list[NumberRow]) -> dict[str, Callable[[], object]]:
    """Return a call of every kind on the table, by name."""
    return {
        "commit": adding(several[0]).commit,
        "read": lambda: read(Key(NumberRow, pk, "0")),
        "read_many": lambda: read_many(keys_of(several)),
        "rows": lambda: list(rows(NumberRow, pk)),
        "count": lambda: count(NumberRow, pk),
        "put_many": lambda: put_many(several),
        "delete_many": lambda: delete_many(keys_of(several)),
    }
