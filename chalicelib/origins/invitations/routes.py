"""Invitations to an origin over HTTP (accounts.md 8.7).

The origin in the path of an invitation's id is not compared: clients know the id alone.
"""

from __future__ import annotations

from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import SESSION, Routes
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.origins.invitations import service as invitations

routes = Routes("origins")


@routes.post("/depot/origins/{origin}/users/{user}/invitations", needs=Role.MAINTAINER, scope=Scope.ADMIN)
def send(call: Call) -> Answer:
    """Invite an account."""
    sent = invitations.send(call["origin"], call["user"], by=call.caller.require_session())
    return json_answer(201, sent.as_json())


@routes.get("/depot/origins/{origin}/invitations", needs=Role.READONLY_MEMBER)
def list_invitations(call: Call) -> Answer:
    """Pending and ignored invitations of the origin."""
    origin = call["origin"]
    listed = [invitation.as_json() for invitation in invitations.of_origin(origin)]
    return json_answer(200, {"origin": origin, "invitations": listed}, NO_CACHE)


@routes.put("/depot/origins/{origin}/invitations/{id}", needs=SESSION, scope=Scope.ADMIN, checked_inside=True)
def accept(call: Call) -> Answer:
    """Make the invited account a member, as the account itself or a maintainer for it."""
    invitations.accept(invitations.parse_id(call["id"]), by=call.caller)
    return EMPTY_204


@routes.put("/depot/origins/{origin}/invitations/{id}/ignore", needs=SESSION, scope=Scope.ADMIN, checked_inside=True)
def ignore(call: Call) -> Answer:
    """Take the invitation off the invited account's list."""
    invitations.ignore(invitations.parse_id(call["id"]), by=call.caller)
    return EMPTY_204


@routes.delete("/depot/origins/{origin}/invitations/{id}", needs=SESSION, scope=Scope.ADMIN, checked_inside=True)
def rescind(call: Call) -> Answer:
    """Take the invitation back, as a maintainer of its origin."""
    invitations.rescind(invitations.parse_id(call["id"]), by=call.caller)
    return EMPTY_204
