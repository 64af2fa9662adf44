"""Accounts over HTTP: signing in, the profile and what belongs to a user (accounts.md 8.1-8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.accounts import license_routes, token_routes
from chalicelib.accounts.store import AccountRow
from chalicelib.http.answer import EMPTY_200, Answer, json_answer
from chalicelib.http.call import BodyMalformed, Call
from chalicelib.http.routes import ANYONE, SESSION, Routes
from chalicelib.platform.deferred import deferred

if TYPE_CHECKING:
    from chalicelib.accounts import service
    from chalicelib.accounts.service import OwnOrigin
    from chalicelib.accounts.sign_in import SignedIn
    from chalicelib.origins import invitations
else:
    service = deferred("chalicelib.accounts.service")
    invitations = deferred("chalicelib.origins.invitations")

routes = Routes("accounts")


def _new_email(call: Call) -> str:
    email = call.json_object().get("email", "")
    if not isinstance(email, str):
        raise BodyMalformed("email: expected a string")
    return email


@routes.get("/authenticate/{code}", needs=ANYONE)
def authenticate(call: Call) -> Answer:
    """Exchange a provider's code for a web session."""
    return json_answer(200, _signed_in(service.authenticate(call["code"], call.source_address)))


@routes.get("/profile", needs=SESSION)
def show_profile(call: Call) -> Answer:
    """The caller's account."""
    return json_answer(200, _profile(service.profile(call.caller.require_session().account_id)))


@routes.patch("/profile", needs=SESSION, reads=_new_email)
def change_profile(call: Call, email: str) -> Answer:
    """Set the caller's e-mail address; the only thing in a profile that can change."""
    service.change_email(call.caller.require_session().account_id, email)
    return EMPTY_200


@routes.get("/user/origins", needs=SESSION)
def list_own_origins(call: Call) -> Answer:
    """The origins that the caller is a member of, by name."""
    own = service.origins_of(call.caller.require_session().account_id)
    return json_answer(200, [_own_origin(origin) for origin in own])


@routes.get("/user/invitations", needs=SESSION)
def list_own_invitations(call: Call) -> Answer:
    """What the caller is invited to and has not ignored, oldest first."""
    pending = invitations.pending_for(call.caller.require_session().account_id)
    return json_answer(200, [invitation.as_json() for invitation in pending])


for resource in (token_routes, license_routes):
    routes.declared.extend(resource.routes.declared)


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


def _own_origin(origin: OwnOrigin) -> dict[str, Any]:
    return {
        "owner_id": str(origin.row.owner_id),
        "name": origin.name,
        "created_at": origin.row.created_at,
        "updated_at": origin.row.created_at,
        "default_package_visibility": origin.row.default_package_visibility,
        "package_count": origin.package_count,
    }
