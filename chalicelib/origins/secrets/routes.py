"""Origin secrets over HTTP (accounts.md 8.8)."""

from __future__ import annotations

from chalicelib.catalog.errors import OriginMissing, TooManyInOrigin
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_200, EMPTY_201, NO_CACHE, Answer, json_answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.origins.errors import SecretInvalid, SecretTooLarge
from chalicelib.origins.secrets import shapes

with deferred():
    from chalicelib.origins.secrets import service

routes = Routes("origins")
SECRETS = "/depot/origins/{origin}/secret"


@routes.get(SECRETS, needs=Role.ADMINISTRATOR, cached=Cached.NEVER, answers={200: list[shapes.Secret]})
def list_secrets(call: Call) -> Answer:
    """Return the origin's secrets with their sealed values, oldest first."""
    return json_answer(200, [shapes.Secret.of(row) for row in service.of_origin(call["origin"])], NO_CACHE)


@routes.post(
    SECRETS,
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    body=shapes.NewSecret,
    answers={201: None},
    errors=(OriginMissing, SecretInvalid, SecretTooLarge, TooManyInOrigin),
)
def store_secret(call: Call, body: shapes.NewSecret) -> Answer:
    """Store a sealed secret. A secret with the same name gets the new value."""
    service.put(call["origin"], body.name, body.value, call.caller.require_session())
    return EMPTY_201


@routes.delete(
    SECRETS + "/{secret}",
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    answers={200: None},
    errors=(OriginMissing,),
)
def delete_secret(call: Call) -> Answer:
    """Delete a secret, if it exists."""
    service.remove(call["origin"], call["secret"], call.caller.require_session())
    return EMPTY_200
