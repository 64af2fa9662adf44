"""Counters of sign-ins by address and minute."""

from chalicelib.platform.attributes import NumberAttribute
from chalicelib.platform.row import Key, Row, partition


class SignInsRow(Row):
    """The number of sign-in attempts from an address within a minute. The table's time to live deletes the row."""

    tried = NumberAttribute()
    expires_at = NumberAttribute()


def sign_ins_key(address: str, minute: int) -> Key[SignInsRow]:
    """Return the key of the counter of an address and a minute since the epoch."""
    return Key(SignInsRow, partition("SIGN-INS", address), str(minute))
