"""Shapes of invitations over HTTP (accounts.md 8.7)."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.origins.invitations import service


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
    def of(cls, invitation: service.Invitation) -> Invitation:
        """An invitation as clients read it."""
        return cls(
            id=str(invitation.id),
            origin=invitation.origin,
            account_id=str(invitation.account_id),
            account_name=invitation.account_name,
            owner_id=str(invitation.inviter_id),
            ignored=invitation.ignored,
            created_at=invitation.created_at,
            updated_at=invitation.created_at,
        )


class Invitations(Struct):
    """The pending and ignored invitations of an origin."""

    origin: str
    invitations: list[Invitation]
