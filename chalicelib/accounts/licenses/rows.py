"""Rows of licences, in the partition of their account."""

from chalicelib.identity.rows import account_partition
from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.table import Key, Row


class LicenseRow(Row):
    """An account's licence key and its last day."""

    key = UnicodeAttribute()
    expires = UnicodeAttribute()


def license_key(account_id: int) -> Key[LicenseRow]:
    """Where the account's licence stands."""
    return Key(LicenseRow, account_partition(account_id), "LICENSE")
