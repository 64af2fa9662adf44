"""Rows of invitations (accounts.md 8.7 and section 9).

An invitation is in the origin's partition under the invited account, so there is at most one per origin and account.
Clients know an invitation only by its id, so a second row leads from the id to the first. A third row, in the account's
partition, lists the invitation while it is pending. All three are written and deleted together.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.catalog.origin_rows import origin_partition
from chalicelib.identity.rows import account_partition
from chalicelib.platform.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import rows

INVITATION = "INVITATION#"


class InvitationRow(Row):
    """An invitation in its origin; `owner_id` is the account that sent it."""

    id = NumberAttribute()
    origin = UnicodeAttribute()
    account_id = NumberAttribute()
    account_name = UnicodeAttribute()
    owner_id = NumberAttribute()
    ignored = BooleanAttribute(default=False)
    created_at = UnicodeAttribute()


class InvitationIdRow(Row):
    """The origin and the account of an invitation, by its id."""

    origin = UnicodeAttribute()
    account_id = NumberAttribute()


class PendingInvitationRow(InvitationRow):
    """A copy of an invitation that is neither accepted nor ignored, in the account's partition, by id."""


def invitation_key(origin: str, account_id: int) -> Key[InvitationRow]:
    """Return the key of an account's invitation to an origin."""
    return Key(InvitationRow, origin_partition(origin), f"{INVITATION}{account_id}")


def id_key(invitation_id: int) -> Key[InvitationIdRow]:
    """Return the key of the row that leads from an id to its invitation."""
    return Key(InvitationIdRow, partition("INVITATION", str(invitation_id)), "PLACE")


def pending_key(account_id: int, invitation_id: int) -> Key[PendingInvitationRow]:
    """Return the key of a pending invitation in its account."""
    return Key(PendingInvitationRow, account_partition(account_id), f"{INVITATION}{invitation_id:020}")


def keys_of(row: InvitationRow) -> Sequence[Key[Any]]:
    """Return the keys of the three rows of an invitation: in the origin, by id, pending."""
    account_id, invitation_id = int(row.account_id), int(row.id)
    return (
        invitation_key(row.origin, account_id),
        id_key(invitation_id),
        pending_key(account_id, invitation_id),
    )


def invitations(origin: str) -> Iterator[InvitationRow]:
    """Return the invitations of an origin, in no particular order."""
    return rows(InvitationRow, origin_partition(origin), begins=INVITATION)


def pending(account_id: int) -> Iterator[PendingInvitationRow]:
    """Return the pending invitations of an account, oldest first."""
    return rows(PendingInvitationRow, account_partition(account_id), begins=INVITATION)
