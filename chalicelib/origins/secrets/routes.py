"""Origin secrets over HTTP (accounts.md 8.8)."""

from __future__ import annotations

from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.http.answer import EMPTY_200, EMPTY_201, NO_CACHE, Answer, json_answer
from chalicelib.http.body import BodyMalformed
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.origins.secrets import service as secrets

routes = Routes("origins")


def _sealed(call: Call) -> tuple[str, str]:
    sent = call.json_object()
    return _word(sent, "name"), _word(sent, "value")


def _word(sent: dict[str, object], field: str) -> str:
    """A string, empty when left out. Raises BodyMalformed."""
    value = sent.get(field, "")
    if not isinstance(value, str):
        raise BodyMalformed(f"{field} must be a string")
    return value


@routes.get("/depot/origins/{origin}/secret", needs=Role.ADMINISTRATOR)
def list_secrets(call: Call) -> Answer:
    """All secrets, sealed. `origin_id` is a word that old `hab` clients demand."""
    listed = [
        {"id": str(secret.id), "origin_id": "0", "name": secret.name, "value": secret.value}
        for secret in secrets.of_origin(call["origin"])
    ]
    return json_answer(200, listed, NO_CACHE)


@routes.post("/depot/origins/{origin}/secret", needs=Role.ADMINISTRATOR, scope=Scope.ADMIN, reads=_sealed)
def store_secret(call: Call, sealed: tuple[str, str]) -> Answer:
    """A new secret, or a new value for an old one."""
    name, value = sealed
    secrets.put(call["origin"], name, value, by=call.caller.require_session())
    return EMPTY_201


@routes.delete("/depot/origins/{origin}/secret/{secret}", needs=Role.ADMINISTRATOR, scope=Scope.ADMIN)
def forget_secret(call: Call) -> Answer:
    """Success also when there is no such secret."""
    secrets.remove(call["origin"], call["secret"], by=call.caller.require_session())
    return EMPTY_200
