"""Shapes of invitations over HTTP (accounts.md 8.7)."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.core.deferred import deferred

with deferred():
    from chalicelib.origins.invitations import rows


class Invitation(Struct):
    """An invitation; `owner_id` is the account that sent it. `hab` requires every field."""

    id: str
    origin: str
    account_id: str
    account_name: str
    owner_id: str
    ignored: bool
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: rows.InvitationRow) -> Invitation:
        """Return the invitation in a row."""
        return cls(
            id=str(row.id),
            origin=row.origin,
            account_id=str(row.account_id),
            account_name=row.account_name,
            owner_id=str(row.owner_id),
            ignored=bool(row.ignored),
            created_at=row.created_at,
            updated_at=row.created_at,
        )


class Invitations(Struct):
    """The pending and ignored invitations of an origin, oldest first."""

    origin: str
    invitations: list[Invitation]
