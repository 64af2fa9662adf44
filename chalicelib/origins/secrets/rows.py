"""Rows of origin secrets, in the origin's partition (accounts.md 8.8)."""

from collections.abc import Iterator

from chalicelib.catalog.origin_rows import origin_partition
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import rows

SECRET = "SECRET#"
VALUE_BYTES = 390_000
"""The largest value, in bytes. A row holds 400 KB with its keys."""
ALL_VALUES_BYTES = 4_000_000
"""Limit of all values of an origin together, in bytes. Their list has no pages, so it must fit one answer."""


class SecretRow(Row):
    """A secret as the client sealed it. Ids grow with time."""

    id = NumberAttribute()
    value = UnicodeAttribute()

    @property
    def name(self) -> str:
        """The secret's name."""
        return self.sk.removeprefix(SECRET)


def secret_key(origin: str, name: str) -> Key[SecretRow]:
    """Return the key of a secret."""
    return Key(SecretRow, origin_partition(origin), SECRET + name)


def secrets(origin: str) -> Iterator[SecretRow]:
    """Return the secrets of an origin, by name."""
    return rows(SecretRow, origin_partition(origin), begins=SECRET)
