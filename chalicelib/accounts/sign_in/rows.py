"""Rows that count the sign-ins of an address."""

from chalicelib.platform.attributes import NumberAttribute
from chalicelib.platform.table import Key, Row, partition


class SignInsRow(Row):
    """How often an address tried to sign in within a minute; gone with its time to live."""

    tried = NumberAttribute()
    expires_at = NumberAttribute()


def sign_ins_key(address: str, minute: int) -> Key[SignInsRow]:
    """Where the sign-ins of an address within a minute (since the epoch) are counted."""
    return Key(SignInsRow, partition("SIGN-INS", address), str(minute))
