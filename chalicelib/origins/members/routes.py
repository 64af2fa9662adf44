"""Members of an origin over HTTP: list, roles, removal, departure, transfer (accounts.md 8.4, 8.6)."""

from __future__ import annotations

from chalicelib.accounts.errors import AccountMissing
from chalicelib.catalog.errors import OriginMissing
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import SESSION, Routes
from chalicelib.origins.errors import (
    ChangeForbidden,
    MemberMissing,
    NothingToDepartFrom,
    NotOwner,
    OwnerCannotDepart,
    OwnerStays,
    RecipientNotMember,
    RoleInvalid,
    TransferToSelf,
)
from chalicelib.origins.members import shapes

with deferred():
    from chalicelib.origins.members import service

routes = Routes("origins")
ROLE = "/depot/origins/{origin}/users/{user}/role"


@routes.get("/depot/origins/{origin}/users", needs=Role.READONLY_MEMBER, answers={200: shapes.Members})
def list_members(call: Call) -> Answer:
    """Return the account names of all members, the owner included."""
    return json_answer(200, shapes.Members(call["origin"], service.names(call["origin"])), NO_CACHE)


@routes.delete(
    "/depot/origins/{origin}/users/{user}",
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    answers={204: None},
    errors=(AccountMissing, NotOwner, OwnerStays),
)
def remove_member(call: Call) -> Answer:
    """Remove a member from the origin. Only the owner can do this."""
    service.remove(call["origin"], call["user"], call.caller.require_session())
    return EMPTY_204


@routes.get(ROLE, needs=Role.MEMBER, answers={200: shapes.MemberRole}, errors=(AccountMissing, MemberMissing))
def show_role(call: Call) -> Answer:
    """Return the role of a member."""
    return json_answer(200, shapes.MemberRole(str(service.role_of(call["origin"], call["user"]))), NO_CACHE)


@routes.put(
    ROLE,
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    query=shapes.RoleQuery,
    reads=lambda _, query: service.parse_role(query.role),
    answers={204: None},
    errors=(AccountMissing, ChangeForbidden, MemberMissing, OriginMissing, RoleInvalid),
    checked_inside=True,
)
def change_role(call: Call, role: Role) -> Answer:
    """Assign a role to a member. A missing origin is 404, even for callers without the required role."""
    service.set_role(call["origin"], call["user"], role, call.caller)
    return EMPTY_204


@routes.post(
    "/depot/origins/{origin}/transfer/{user}",
    needs=Role.OWNER,
    scope=Scope.ADMIN,
    answers={204: None},
    errors=(AccountMissing, NotOwner, RecipientNotMember, TransferToSelf),
    checked_inside=True,
)
def transfer_origin(call: Call) -> Answer:
    """Make a member the owner of the origin. Only the account that owns it can do this."""
    service.transfer(call["origin"], call["user"], call.caller.require_session())
    return EMPTY_204


@routes.post(
    "/depot/origins/{origin}/depart",
    needs=SESSION,
    scope=Scope.ADMIN,
    answers={204: None},
    errors=(NothingToDepartFrom, OriginMissing, OwnerCannotDepart),
)
def depart_from_origin(call: Call) -> Answer:
    """End the caller's own membership in the origin."""
    service.depart(call["origin"], call.caller.require_session())
    return EMPTY_204
