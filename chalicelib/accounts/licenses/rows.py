"""Rows of licences, in the partition of their account."""

from chalicelib.identity.rows import account_partition
from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.row import Key, Row


class LicenseRow(Row):
    """The licence of an account: its key in a signed box of the builder key, and its last day, `YYYY-MM-DD`.

    Rows that were written before keys were encrypted have the attribute `key` instead of `box`.
    """

    box = UnicodeAttribute(null=True)
    key = UnicodeAttribute(null=True)
    expires = UnicodeAttribute()


def license_key(account_id: int) -> Key[LicenseRow]:
    """Return the key of an account's licence."""
    return Key(LicenseRow, account_partition(account_id), "LICENSE")
