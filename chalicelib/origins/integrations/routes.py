"""Origin integrations over HTTP (accounts.md 8.9)."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog.errors import OriginMissing, TooManyInOrigin
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_201, EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Content, Routes
from chalicelib.origins.errors import (
    IntegrationBodyInvalid,
    IntegrationMissing,
    IntegrationNameInvalid,
    IntegrationTaken,
    IntegrationUnreadable,
)
from chalicelib.origins.integrations import shapes

with deferred():
    from chalicelib.origins.integrations import service

routes = Routes("origins")
INTEGRATIONS = "/depot/origins/{origin}/integrations"
NAMES = INTEGRATIONS + "/{integration}/names"
INTEGRATION = INTEGRATIONS + "/{integration}/{name}"

STORE: dict[str, Any] = {
    "needs": Role.MAINTAINER,
    "scope": Scope.ADMIN,
    "body": Content.TEXT,
    "answers": {201: None},
    "errors": (IntegrationBodyInvalid, IntegrationNameInvalid, IntegrationTaken, OriginMissing, TooManyInOrigin),
}
DELETE: dict[str, Any] = {
    "needs": Role.MAINTAINER,
    "scope": Scope.ADMIN,
    "answers": {204: None},
    "errors": (OriginMissing,),
}


@routes.get(INTEGRATIONS, needs=Role.READONLY_MEMBER, answers={200: dict[str, list[str]]})
def list_integrations(call: Call) -> Answer:
    """Return the names of the origin's integrations by type, oldest first."""
    return json_answer(200, service.names(call["origin"]), NO_CACHE)


@routes.get(NAMES, needs=Role.READONLY_MEMBER, answers={200: shapes.IntegrationNames})
def list_integration_names(call: Call) -> Answer:
    """Return the names of the origin's integrations of one type, oldest first."""
    integration = call["integration"]
    names = service.names(call["origin"], integration).get(integration, [])
    return json_answer(200, shapes.IntegrationNames(names), NO_CACHE)


@routes.get(
    INTEGRATION,
    needs=Role.READONLY_MEMBER,
    answers={200: shapes.Integration},
    errors=(IntegrationMissing, IntegrationUnreadable),
)
def show_integration(call: Call) -> Answer:
    """Return an integration without its password."""
    origin, integration, name = call["origin"], call["integration"], call["name"]
    body = service.body_without_password(origin, integration, name)
    return json_answer(200, shapes.Integration(origin, integration, name, body), NO_CACHE)


@routes.put(NAMES, **STORE)
@routes.put(INTEGRATION, **STORE)
def store_integration(call: Call) -> Answer:
    """Store a new integration. The body is encrypted as it was sent and not validated."""
    session = call.caller.require_session()
    service.put(call["origin"], call["integration"], _name(call), call.raw_text(), session)
    return EMPTY_201


@routes.delete(NAMES, **DELETE)
@routes.delete(INTEGRATION, **DELETE)
def delete_integration(call: Call) -> Answer:
    """Delete an integration, if it exists."""
    service.remove(call["origin"], call["integration"], _name(call), call.caller.require_session())
    return EMPTY_204


def _name(call: Call) -> str:
    """Return the integration's name. `names` has a separate path, so routing does not match it as a variable."""
    return call.path.get("name", "names")
