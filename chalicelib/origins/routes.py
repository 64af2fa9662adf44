"""Origins over HTTP (accounts.md 8.4), and the table of all routes below them."""

from __future__ import annotations

from chalicelib.catalog.errors import OriginMissing
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, SESSION, Routes
from chalicelib.origins import shapes
from chalicelib.origins.errors import (
    STATUS,
    CreationNotAllowed,
    NotOwner,
    OriginNameInvalid,
    OriginNotEmpty,
    OriginTaken,
)
from chalicelib.origins.integrations.routes import routes as integrations
from chalicelib.origins.invitations.routes import routes as invitations
from chalicelib.origins.keys.routes import routes as keys
from chalicelib.origins.members.routes import routes as members
from chalicelib.origins.secrets.routes import routes as secrets
from chalicelib.origins.user.routes import routes as user

with deferred():
    from chalicelib.origins import deletion, service

routes = Routes("origins", STATUS)
routes.include(keys, members, invitations, secrets, integrations, user)
ORIGIN = "/depot/origins/{origin}"


@routes.post(
    "/depot/origins",
    needs=SESSION,
    scope=Scope.ADMIN,
    body=shapes.NewOrigin,
    answers={201: shapes.CreatedOrigin},
    errors=(CreationNotAllowed, OriginNameInvalid, OriginTaken),
)
def create_origin(call: Call, body: shapes.NewOrigin) -> Answer:
    """Create an origin that the caller owns, with the channels `unstable` and `stable`."""
    row = service.create(body.name, body.visibility, call.caller.require_session())
    return json_answer(
        201,
        shapes.CreatedOrigin(
            owner_id=str(row.owner_id),
            name=body.name,
            created_at=row.created_at,
            updated_at=row.created_at,
            default_package_visibility=row.default_package_visibility,
        ),
    )


@routes.get(
    ORIGIN,
    needs=ANYONE,
    cached=Cached.OUTSIDERS,
    answers={200: shapes.Origin},
    errors=(OriginMissing,),
    identity_along=True,
)
def show_origin(call: Call) -> Answer:
    """Return an origin."""
    origin = service.show(call["origin"], call.caller)
    return json_answer(
        200,
        shapes.Origin(
            owner_id=str(origin.row.owner_id),
            name=call["origin"],
            private_key_name=origin.private_key_name,
            default_package_visibility=origin.row.default_package_visibility,
            owner_account=origin.row.owner_name,
        ),
        NO_CACHE,
    )


@routes.put(
    ORIGIN,
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    body=shapes.OriginChange,
    answers={204: None},
    errors=(OriginMissing,),
)
def change_origin(call: Call, body: shapes.OriginChange) -> Answer:
    """Set the visibility of packages whose name is new in the origin. Existing packages keep theirs."""
    service.set_default_visibility(call["origin"], body.visibility, call.caller.require_session())
    return EMPTY_204


@routes.delete(
    ORIGIN, needs=Role.OWNER, scope=Scope.ADMIN, answers={204: None}, errors=(NotOwner, OriginMissing, OriginNotEmpty)
)
def delete_origin(call: Call) -> Answer:
    """Delete an empty origin with its channels, keys and invitations. Only the account that owns it can do this."""
    deletion.delete(call["origin"], call.caller.require_session())
    return EMPTY_204
