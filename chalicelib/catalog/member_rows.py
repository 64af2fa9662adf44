"""Rows of origin membership, by origin and by account (accounts.md 6.1)."""

from collections.abc import Iterator

from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import rows

MEMBER = "MEMBER#"
ORIGIN_OF = "ORIGIN#"


class MemberRow(Row):
    """A member of an origin with its role, in the partition of the origin."""

    role = UnicodeAttribute()
    name = UnicodeAttribute()


class MembershipOfAccountRow(Row):
    """The same membership in the partition of the account. Both rows are written in one transaction."""


def member_key(origin: str, account_id: int) -> Key[MemberRow]:
    """Key of a membership in the partition of the origin."""
    return Key(MemberRow, partition("ORIGIN", origin), f"{MEMBER}{account_id}")


def membership_of_account_key(account_id: int, origin: str) -> Key[MembershipOfAccountRow]:
    """Key of a membership in the partition of the account."""
    return Key(MembershipOfAccountRow, f"ACCOUNT#{account_id}", f"{ORIGIN_OF}{origin}")


def members(origin: str) -> Iterator[MemberRow]:
    """The rows of the members of an origin, in the order of their account ids as text."""
    return rows(MemberRow, partition("ORIGIN", origin), begins=MEMBER)
