"""Rows of invitations (accounts.md 8.7 and section 9).

An invitation stands in the origin's partition under the invited account, so there is at most one per origin and
account. A row under its id leads there, because clients name it by the id alone; while it is pending, a copy stands in
the account's partition.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.catalog.origin_rows import origin_partition
from chalicelib.platform.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.table import Key, Row, rows

INVITATION = "INVITATION#"


class InvitationRow(Row):
    """An invitation in its origin; `owner_id` is the inviter."""

    id = NumberAttribute()
    origin = UnicodeAttribute()
    account_id = NumberAttribute()
    account_name = UnicodeAttribute()
    owner_id = NumberAttribute()
    ignored = BooleanAttribute(default=False)
    created_at = UnicodeAttribute()


class InvitationPlaceRow(Row):
    """Where the invitation of an id stands."""

    origin = UnicodeAttribute()
    account_id = NumberAttribute()


class PendingInvitationRow(InvitationRow):
    """An invitation neither accepted nor ignored, in the account's partition in the order of ids."""


def invitation_key(origin: str, account_id: int) -> Key[InvitationRow]:
    """Where the invitation of an account to an origin stands."""
    return Key(InvitationRow, origin_partition(origin), f"{INVITATION}{account_id}")


def place_key(invitation_id: int) -> Key[InvitationPlaceRow]:
    """Where the place of an invitation stands."""
    return Key(InvitationPlaceRow, f"INVITATION#{invitation_id}", "PLACE")


def pending_key(account_id: int, invitation_id: int) -> Key[PendingInvitationRow]:
    """Where a pending invitation stands in its account."""
    return Key(PendingInvitationRow, f"ACCOUNT#{account_id}", f"{INVITATION}{invitation_id:020}")


def keys_of(row: InvitationRow) -> Sequence[Key[Any]]:
    """All places of an invitation."""
    account_id, invitation_id = int(row.account_id), int(row.id)
    return (
        invitation_key(row.origin, account_id),
        place_key(invitation_id),
        pending_key(account_id, invitation_id),
    )


def invitations(origin: str) -> Iterator[InvitationRow]:
    """The invitations of an origin, by account."""
    return rows(InvitationRow, origin_partition(origin), begins=INVITATION)


def pending(account_id: int) -> Iterator[PendingInvitationRow]:
    """The pending invitations of an account, oldest first."""
    return rows(PendingInvitationRow, f"ACCOUNT#{account_id}", begins=INVITATION)
