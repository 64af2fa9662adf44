"""Named tokens over HTTP; an addition to the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chalicelib.accounts.errors import NamedTokenInvalid, NamedTokenMissing, TooManyTokens
from chalicelib.accounts.named_tokens import shapes
from chalicelib.core.deferred import deferred
from chalicelib.core.unsigned import NotUnsigned, unsigned
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import ACCOUNT_ONLY, SESSION, Routes
from chalicelib.identity.rows import NamedTokenRow
from chalicelib.platform.clock import timestamp

with deferred():
    from chalicelib.accounts.named_tokens import service

routes = Routes("accounts")


def _token_id(call: Call) -> int:
    try:
        return unsigned(call["id"], bits=64)
    except NotUnsigned as problem:
        raise NamedTokenMissing from problem


def _request(_: Call, body: shapes.NewToken) -> service.TokenRequest:
    return service.TokenRequest.of(body.name, body.scopes, body.origin, body.expires_in)


@routes.get("/profile/tokens", needs=SESSION, scope=ACCOUNT_ONLY, answers={200: shapes.NamedTokens})
def list_named_tokens(call: Call) -> Answer:
    """Return the caller's named tokens without their texts, oldest first."""
    rows = service.tokens_of(call.caller.require_session().account_id)
    return json_answer(200, shapes.NamedTokens([shapes.NamedToken(**_fields(row)) for row in rows]), NO_CACHE)


@routes.post(
    "/profile/tokens",
    needs=SESSION,
    scope=ACCOUNT_ONLY,
    body=shapes.NewToken,
    reads=_request,
    answers={201: shapes.MadeToken},
    errors=(NamedTokenInvalid, TooManyTokens),
)
def make_named_token(call: Call, request: service.TokenRequest) -> Answer:
    """Create a named token. Only this answer contains its text."""
    row, text = service.make(request, by=call.caller)
    return json_answer(201, shapes.MadeToken(**_fields(row), token=text), NO_CACHE)


@routes.delete(
    "/profile/tokens/{id}",
    needs=SESSION,
    scope=ACCOUNT_ONLY,
    reads=_token_id,
    answers={204: None},
    errors=(NamedTokenMissing,),
)
def revoke_named_token(call: Call, token_id: int) -> Answer:
    """Revoke one of the caller's named tokens. It becomes invalid immediately."""
    service.revoke(token_id, by=call.caller.require_session())
    return EMPTY_204


def _fields(row: NamedTokenRow) -> dict[str, Any]:
    expires_at = None if row.expires_at is None else timestamp(datetime.fromtimestamp(int(row.expires_at), UTC))
    return {
        "id": str(row.id),
        "name": row.label,
        "scopes": row.scopes.split(","),
        "origin": row.origin,
        "created_at": row.created_at,
        "expires_at": expires_at,
        "last_used_at": row.last_used_at,
    }
