"""Rows of membership: who belongs to an origin, and which origins an account belongs to (accounts.md 6.1)."""

from collections.abc import Iterator

from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.table import Key, Row, partition, rows

MEMBER = "MEMBER#"
ORIGIN_OF = "ORIGIN#"


class MemberRow(Row):
    """An account's role in an origin, in the origin's partition."""

    role = UnicodeAttribute()
    name = UnicodeAttribute()


class MembershipOfAccountRow(Row):
    """The same membership in the account's partition, written in the same transaction."""


def member_key(origin: str, account_id: int) -> Key[MemberRow]:
    """Where a membership stands in its origin."""
    return Key(MemberRow, partition("ORIGIN", origin), f"{MEMBER}{account_id}")


def membership_of_account_key(account_id: int, origin: str) -> Key[MembershipOfAccountRow]:
    """Where a membership stands in its account."""
    return Key(MembershipOfAccountRow, f"ACCOUNT#{account_id}", f"{ORIGIN_OF}{origin}")


def members(origin: str) -> Iterator[MemberRow]:
    """The members of an origin, by account."""
    return rows(MemberRow, partition("ORIGIN", origin), begins=MEMBER)
