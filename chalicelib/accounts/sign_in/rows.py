"""Counters of sign-ins by address and minute."""

from chalicelib.platform.attributes import NumberAttribute
from chalicelib.platform.table import Key, Row, partition


class SignInsRow(Row):
    """The number of sign-ins that an address tried within a minute. Expires with its time to live."""

    tried = NumberAttribute()
    expires_at = NumberAttribute()


def sign_ins_key(address: str, minute: int) -> Key[SignInsRow]:
    """Return the key of the counter of an address and a minute since the epoch."""
    return Key(SignInsRow, partition("SIGN-INS", address), str(minute))
