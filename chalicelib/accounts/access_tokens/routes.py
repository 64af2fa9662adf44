"""The caller's personal access token over HTTP (accounts.md 8.2)."""

from __future__ import annotations

from chalicelib.accounts.access_tokens import shapes
from chalicelib.accounts.errors import AccountMissing, NotOwnToken, TokenIdInvalid
from chalicelib.core.deferred import deferred
from chalicelib.core.unsigned import NotUnsigned, unsigned
from chalicelib.http.answer import EMPTY_200, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import ACCOUNT_ONLY, SESSION, Routes

with deferred():
    from chalicelib.accounts.access_tokens import service

routes = Routes("accounts")


def _token_id(call: Call) -> int:
    try:
        return unsigned(call["id"], bits=64)
    except NotUnsigned as problem:
        raise TokenIdInvalid from problem


@routes.get("/profile/access-tokens", needs=SESSION, scope=ACCOUNT_ONLY, answers={200: shapes.AccessTokens})
def list_access_tokens(call: Call) -> Answer:
    """Return the caller's access token with its text, or an empty list. An account has at most one."""
    token = service.access_token_of(call.caller.require_session().account_id)
    return json_answer(200, shapes.AccessTokens([] if token is None else [_shown(token)]), NO_CACHE)


@routes.post(
    "/profile/access-tokens",
    needs=SESSION,
    scope=ACCOUNT_ONLY,
    answers={200: shapes.AccessToken},
    errors=(AccountMissing,),
)
def generate_access_token(call: Call) -> Answer:
    """Generate the caller's access token. The previous token becomes invalid immediately."""
    # hab expects 200, not 201
    return json_answer(200, _shown(service.generate_access_token(by=call.caller.require_session())))


@routes.delete(
    "/profile/access-tokens/{id}",
    needs=SESSION,
    scope=ACCOUNT_ONLY,
    reads=_token_id,
    answers={200: None},
    errors=(NotOwnToken, TokenIdInvalid),
)
def revoke_access_token(call: Call, token_id: int) -> Answer:
    """Revoke the caller's access token. It becomes invalid immediately."""
    service.revoke_access_token(call.caller.require_session(), token_id)
    return EMPTY_200


def _shown(token: service.AccessToken) -> shapes.AccessToken:
    return shapes.AccessToken(str(token.id), str(token.account_id), token.text, token.created_at)
