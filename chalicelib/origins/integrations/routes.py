"""Origin integrations over HTTP (accounts.md 8.9)."""

from __future__ import annotations

from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.http.answer import EMPTY_201, EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.origins.integrations import service as integrations

routes = Routes("origins")


@routes.get("/depot/origins/{origin}/integrations", needs=Role.READONLY_MEMBER)
def list_integrations(call: Call) -> Answer:
    """Names by type."""
    return json_answer(200, integrations.names(call["origin"]), NO_CACHE)


@routes.get("/depot/origins/{origin}/integrations/{integration}/names", needs=Role.READONLY_MEMBER)
def list_names(call: Call) -> Answer:
    """The names of one type."""
    integration = call["integration"]
    listed = integrations.names(call["origin"], integration).get(integration, [])
    return json_answer(200, {"names": listed}, NO_CACHE)


@routes.get("/depot/origins/{origin}/integrations/{integration}/{name}", needs=Role.READONLY_MEMBER)
def show(call: Call) -> Answer:
    """An integration without its password."""
    origin, integration, name = call["origin"], call["integration"], call["name"]
    body = integrations.body_without_password(origin, integration, name)
    return json_answer(200, {"origin": origin, "integration": integration, "name": name, "body": body}, NO_CACHE)


@routes.put("/depot/origins/{origin}/integrations/{integration}/names", needs=Role.MAINTAINER, scope=Scope.ADMIN)
@routes.put("/depot/origins/{origin}/integrations/{integration}/{name}", needs=Role.MAINTAINER, scope=Scope.ADMIN)
def store(call: Call) -> Answer:
    """Store whatever body comes, sealed."""
    by = call.caller.require_session()
    integrations.put(call["origin"], call["integration"], _name(call), call.raw_text(), by=by)
    return EMPTY_201


@routes.delete("/depot/origins/{origin}/integrations/{integration}/names", needs=Role.MAINTAINER, scope=Scope.ADMIN)
@routes.delete("/depot/origins/{origin}/integrations/{integration}/{name}", needs=Role.MAINTAINER, scope=Scope.ADMIN)
def forget(call: Call) -> Answer:
    """Success also when there is no such integration."""
    by = call.caller.require_session()
    integrations.remove(call["origin"], call["integration"], _name(call), by=by)
    return EMPTY_204


def _name(call: Call) -> str:
    """The label in the path, which may also be `names`: that is a path of its own for GET."""
    return call.path.get("name", "names")
