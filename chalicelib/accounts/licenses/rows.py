"""Rows of licences, in the partition of their account."""

from chalicelib.identity.rows import account_partition
from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.table import Key, Row


class LicenseRow(Row):
    """The licence key of an account and its last day, `YYYY-MM-DD`."""

    key = UnicodeAttribute()
    expires = UnicodeAttribute()


def license_key(account_id: int) -> Key[LicenseRow]:
    """Return the key of an account's licence."""
    return Key(LicenseRow, account_partition(account_id), "LICENSE")
