"""Invitations to an origin over HTTP (accounts.md 8.7)."""

from __future__ import annotations

from typing import Any

from chalicelib.accounts.errors import AccountMissing
from chalicelib.catalog.errors import OriginMissing, TooManyInOrigin
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import SESSION, Routes
from chalicelib.origins.errors import AlreadyInvited, InvitationIdInvalid, InvitationNotYours
from chalicelib.origins.invitations import shapes

with deferred():
    from chalicelib.origins.invitations import service

routes = Routes("origins")
INVITATION = "/depot/origins/{origin}/invitations/{id}"

BY_ID: dict[str, Any] = {
    "needs": SESSION,
    "scope": Scope.ADMIN,
    "answers": {204: None},
    "errors": (InvitationIdInvalid, InvitationNotYours, TooManyInOrigin),
    "checked_inside": True,
}


@routes.post(
    "/depot/origins/{origin}/users/{user}/invitations",
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    answers={201: shapes.Invitation},
    errors=(AccountMissing, AlreadyInvited, OriginMissing, TooManyInOrigin),
)
def send_invitation(call: Call) -> Answer:
    """Invite an account to become a member of the origin."""
    row = service.send(call["origin"], call["user"], call.caller.require_session())
    return json_answer(201, shapes.Invitation.of(row))


@routes.get("/depot/origins/{origin}/invitations", needs=Role.READONLY_MEMBER, answers={200: shapes.Invitations})
def list_invitations(call: Call) -> Answer:
    """Return the pending and ignored invitations of the origin, oldest first."""
    invitations = [shapes.Invitation.of(row) for row in service.of_origin(call["origin"])]
    return json_answer(200, shapes.Invitations(call["origin"], invitations), NO_CACHE)


@routes.put(INVITATION, **BY_ID)
def accept_invitation(call: Call) -> Answer:
    """Make the invited account a member; the account itself or a maintainer of the origin can do this."""
    service.accept(call["origin"], service.parse_id(call["id"]), call.caller)
    return EMPTY_204


@routes.put(INVITATION + "/ignore", **BY_ID)
def ignore_invitation(call: Call) -> Answer:
    """Remove an invitation from the account's list; the account itself or a maintainer can do this."""
    service.ignore(call["origin"], service.parse_id(call["id"]), call.caller)
    return EMPTY_204


@routes.delete(INVITATION, **BY_ID)
def rescind_invitation(call: Call) -> Answer:
    """Delete an invitation; a maintainer of the origin can do this."""
    service.rescind(call["origin"], service.parse_id(call["id"]), call.caller)
    return EMPTY_204
