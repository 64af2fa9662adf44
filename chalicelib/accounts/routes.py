"""Signing in, profile, access tokens and what belongs to a user, over HTTP (accounts.md 8.1-8.3)."""

import re
from typing import Any

from chalicelib.accounts import service
from chalicelib.accounts.errors import TokenIdInvalid
from chalicelib.accounts.service import AccessToken, OwnOrigin
from chalicelib.accounts.sign_in import SignedIn
from chalicelib.accounts.store import AccountRow
from chalicelib.http.answer import EMPTY_200, NO_CACHE, Answer, json_answer
from chalicelib.http.call import BodyMalformed, Call
from chalicelib.http.routes import ANYONE, SESSION, Routes

routes = Routes("accounts")

_U64 = re.compile(r"\+?[0-9]+", re.ASCII)


def _new_email(call: Call) -> str:
    email = call.json_object().get("email", "")
    if not isinstance(email, str):
        raise BodyMalformed("email: expected a string")
    return email


def _token_id(call: Call) -> int:
    text = call["id"]
    if not _U64.fullmatch(text) or len(text.lstrip("+0")) > 20 or int(text) >= 2**64:
        raise TokenIdInvalid
    return int(text)


@routes.get("/authenticate/{code}", needs=ANYONE)
def authenticate(call: Call) -> Answer:
    """Exchange a provider's code for a web session."""
    return json_answer(200, _signed_in(service.authenticate(call["code"])))


@routes.get("/profile", needs=SESSION)
def show_profile(call: Call) -> Answer:
    """The caller's account."""
    return json_answer(200, _profile(service.profile(call.caller.require_session().account_id)))


@routes.patch("/profile", needs=SESSION, reads=_new_email)
def change_profile(call: Call, email: str) -> Answer:
    """Set the caller's e-mail address; the only thing in a profile that can change."""
    service.change_email(call.caller.require_session().account_id, email)
    return EMPTY_200


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


@routes.get("/user/origins", needs=SESSION)
def list_own_origins(call: Call) -> Answer:
    """The origins that the caller is a member of, by name."""
    own = service.origins_of(call.caller.require_session().account_id)
    return json_answer(200, [_own_origin(origin) for origin in own])


def _signed_in(session: SignedIn) -> dict[str, Any]:
    return {
        "id": str(session.account_id),
        "name": session.name,
        "email": session.email,
        "token": session.token,
        "flags": session.flags,
        "oauth_token": session.oauth_token,
    }


def _profile(account: AccountRow) -> dict[str, Any]:
    return {
        "id": str(account.id),
        "email": account.email,
        "name": account.name,
        "created_at": account.created_at,
        "updated_at": account.created_at,
    }


def _access_token(token: AccessToken) -> dict[str, Any]:
    return {
        "id": str(token.id),
        "account_id": str(token.account_id),
        "token": token.text,
        "created_at": token.created_at,
    }


def _own_origin(origin: OwnOrigin) -> dict[str, Any]:
    return {
        "owner_id": str(origin.row.owner_id),
        "name": origin.name,
        "created_at": origin.row.created_at,
        "updated_at": origin.row.created_at,
        "default_package_visibility": origin.row.default_package_visibility,
        "package_count": origin.package_count,
    }
