"""Tokens of an account over HTTP: the one access token (accounts.md 8.2), and named tokens, which are our own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.accounts.errors import NamedTokenMissing, TokenIdInvalid
from chalicelib.accounts.store import NamedTokenRow
from chalicelib.core.unsigned import NotUnsigned, unsigned
from chalicelib.http.answer import EMPTY_200, EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import BodyMalformed, Call
from chalicelib.http.routes import SESSION, Routes
from chalicelib.platform.clock import timestamp
from chalicelib.platform.deferred import deferred

if TYPE_CHECKING:
    from chalicelib.accounts import named_tokens, service
    from chalicelib.accounts.service import AccessToken
else:
    named_tokens = deferred("chalicelib.accounts.named_tokens")
    service = deferred("chalicelib.accounts.service")

routes = Routes("accounts")


def _token_id(call: Call) -> int:
    try:
        return unsigned(call["id"], bits=64)
    except NotUnsigned as problem:
        raise TokenIdInvalid from problem


def _named_token_id(call: Call) -> int:
    try:
        return unsigned(call["id"], bits=64)
    except NotUnsigned as problem:
        raise NamedTokenMissing from problem


def _wish(call: Call) -> named_tokens.Wish:
    sent = call.json_object()
    label, scopes, origin, days = (sent.get(field) for field in ("name", "scopes", "origin", "expires_in"))
    if not isinstance(label, str):
        raise BodyMalformed("name: expected a string")
    if not isinstance(scopes, list) or not all(isinstance(word, str) for word in scopes):
        raise BodyMalformed("scopes: expected a list of strings")
    if not isinstance(origin, str | None):
        raise BodyMalformed("origin: expected a string")
    if not isinstance(days, int | None) or isinstance(days, bool):
        raise BodyMalformed("expires_in: expected a number of days")
    return named_tokens.Wish.of(label, scopes, origin, days)


@routes.get("/profile/access-tokens", needs=SESSION)
def list_access_tokens(call: Call) -> Answer:
    """The caller's one access token, with its text, or none."""
    token = service.access_token_of(call.caller.require_session().account_id)
    return json_answer(200, {"tokens": [] if token is None else [_access_token(token)]}, NO_CACHE)


@routes.post("/profile/access-tokens", needs=SESSION)
def generate_access_token(call: Call) -> Answer:
    """Make or replace the caller's access token; 200, and not 201, is what clients know."""
    return json_answer(200, _access_token(service.generate_access_token(call.caller.require_session())))


@routes.delete("/profile/access-tokens/{id}", needs=SESSION, reads=_token_id)
def revoke_access_token(call: Call, token_id: int) -> Answer:
    """Revoke the caller's access token, at once."""
    service.revoke_access_token(call.caller.require_session(), token_id)
    return EMPTY_200


@routes.get("/profile/tokens", needs=SESSION)
def list_named_tokens(call: Call) -> Answer:
    """The caller's named tokens, oldest first, without their texts."""
    found = named_tokens.of_account(call.caller.require_session().account_id)
    return json_answer(200, {"tokens": [_named_token(row) for row in found]}, NO_CACHE)


@routes.post("/profile/tokens", needs=SESSION, reads=_wish)
def make_named_token(call: Call, wish: named_tokens.Wish) -> Answer:
    """Make a named token; its text is in this answer and never again."""
    row, text = named_tokens.make(wish, call.caller)
    return json_answer(201, _named_token(row) | {"token": text}, NO_CACHE)


@routes.delete("/profile/tokens/{id}", needs=SESSION, reads=_named_token_id)
def revoke_named_token(call: Call, token_id: int) -> Answer:
    """Revoke one of the caller's named tokens, at once."""
    named_tokens.revoke(token_id, call.caller.require_session())
    return EMPTY_204


def _access_token(token: AccessToken) -> dict[str, Any]:
    return {
        "id": str(token.id),
        "account_id": str(token.account_id),
        "token": token.text,
        "created_at": token.created_at,
    }


def _named_token(row: NamedTokenRow) -> dict[str, Any]:
    ends = None if row.expires_at is None else timestamp(datetime.fromtimestamp(int(row.expires_at), UTC))
    return {
        "id": str(row.id),
        "name": row.label,
        "scopes": row.scopes.split(","),
        "origin": row.origin,
        "created_at": row.created_at,
        "expires_at": ends,
        "last_used_at": row.last_used_at,
    }
