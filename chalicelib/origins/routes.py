"""Origins over HTTP (accounts.md 8.4); the routes of everything in an origin join here (accounts.md 8.5-8.9)."""

from __future__ import annotations

from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.core.visibility import Visibility, VisibilityUnknown
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.body import BodyMalformed
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, SESSION, Routes
from chalicelib.origins.errors import STATUS
from chalicelib.origins.integrations.routes import routes as integrations
from chalicelib.origins.invitations.routes import routes as invitations
from chalicelib.origins.keys.routes import routes as keys
from chalicelib.origins.members.routes import routes as members
from chalicelib.origins.secrets.routes import routes as secrets
from chalicelib.origins.user.routes import routes as user
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.origins import deletion, service

routes = Routes("origins", STATUS)
routes.include(keys, members, invitations, secrets, integrations, user)


def _new_origin(call: Call) -> tuple[str, Visibility]:
    sent = call.json_object()
    if not isinstance(sent.get("name"), str):
        raise BodyMalformed("missing field `name`")
    return sent["name"], _visibility(sent)


def _sent_visibility(call: Call) -> Visibility:
    return _visibility(call.json_object())


def _visibility(sent: dict[str, object]) -> Visibility:
    """Absent and null mean public. Raises BodyMalformed."""
    value = sent.get("default_package_visibility")
    if value is None:
        return Visibility.PUBLIC
    if not isinstance(value, str):
        raise BodyMalformed("default_package_visibility must be a string")
    try:
        return Visibility.parse(value)
    except VisibilityUnknown as problem:
        raise BodyMalformed("unknown default_package_visibility") from problem


@routes.post("/depot/origins", needs=SESSION, scope=Scope.ADMIN, reads=_new_origin)
def create(call: Call, wanted: tuple[str, Visibility]) -> Answer:
    """A new origin; the answer has no id."""
    name, visibility = wanted
    origin = service.create(name, visibility, by=call.caller.require_session())
    return json_answer(
        201,
        {
            "owner_id": str(origin.owner_id),
            "name": origin.name,
            "created_at": origin.created_at,
            "updated_at": origin.created_at,
            "default_package_visibility": origin.default_package_visibility,
        },
    )


@routes.get("/depot/origins/{origin}", needs=ANYONE, identity_along=True)
def show(call: Call) -> Answer:
    """An origin; 404 tells that the name is free."""
    origin = service.show(call["origin"], call.caller)
    return json_answer(
        200,
        {
            "owner_id": str(origin.owner_id),
            "name": origin.name,
            "private_key_name": origin.private_key_name,
            "default_package_visibility": origin.default_package_visibility,
            "owner_account": origin.owner_name,
        },
        NO_CACHE,
    )


@routes.put("/depot/origins/{origin}", needs=Role.ADMINISTRATOR, scope=Scope.ADMIN, reads=_sent_visibility)
def change_default_visibility(call: Call, visibility: Visibility) -> Answer:
    """The visibility that packages of new names get; left out means public."""
    service.set_default_visibility(call["origin"], visibility, by=call.caller.require_session())
    return EMPTY_204


@routes.delete("/depot/origins/{origin}", needs=Role.OWNER, scope=Scope.ADMIN)
def delete(call: Call) -> Answer:
    """Delete an empty origin; a role is not enough, the service asks for the owner itself."""
    deletion.delete(call["origin"], by=call.caller.require_session())
    return EMPTY_204
