"""Members of an origin over HTTP: roles, removal, departure, transfer (accounts.md 8.4, 8.6)."""

from __future__ import annotations

from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import SESSION, Routes
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.origins.members import service as membership

routes = Routes("origins")


def _asked_role(call: Call) -> Role:
    return membership.parse_role(call.query("role"))


@routes.get("/depot/origins/{origin}/users", needs=Role.READONLY_MEMBER)
def list_members(call: Call) -> Answer:
    """The names of all members, the owner included."""
    origin = call["origin"]
    return json_answer(200, {"origin": origin, "members": membership.names(origin)}, NO_CACHE)


@routes.delete("/depot/origins/{origin}/users/{user}", needs=Role.ADMINISTRATOR, scope=Scope.ADMIN)
def remove_member(call: Call) -> Answer:
    """End a membership; a role is not enough, the service asks for the owner itself."""
    membership.remove(call["origin"], call["user"], by=call.caller.require_session())
    return EMPTY_204


@routes.get("/depot/origins/{origin}/users/{user}/role", needs=Role.MEMBER)
def show_role(call: Call) -> Answer:
    """The role of a member."""
    return json_answer(200, {"role": str(membership.role_of(call["origin"], call["user"]))}, NO_CACHE)


@routes.put(
    "/depot/origins/{origin}/users/{user}/role",
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    reads=_asked_role,
    checked_inside=True,
)
def change_role(call: Call, role: Role) -> Answer:
    """Another role for a member; that the origin is missing comes before the caller's role."""
    membership.set_role(call["origin"], call["user"], role, by=call.caller)
    return EMPTY_204


@routes.post("/depot/origins/{origin}/transfer/{user}", needs=Role.OWNER, scope=Scope.ADMIN, checked_inside=True)
def transfer(call: Call) -> Answer:
    """Make a member the owner; the service asks for the owner itself, whom a session's flags do not replace."""
    membership.transfer(call["origin"], call["user"], by=call.caller.require_session())
    return EMPTY_204


@routes.post("/depot/origins/{origin}/depart", needs=SESSION, scope=Scope.ADMIN)
def depart(call: Call) -> Answer:
    """Leave an origin; those who cannot are told why, in words."""
    membership.depart(call["origin"], by=call.caller.require_session())
    return EMPTY_204
