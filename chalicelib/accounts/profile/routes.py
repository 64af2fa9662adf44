"""The caller's profile over HTTP (accounts.md 8.2)."""

from chalicelib.accounts.errors import AccountMissing, EmailMissing
from chalicelib.accounts.profile import service
from chalicelib.accounts.profile.shapes import Profile, ProfileChange
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_200, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import SESSION, Routes

routes = Routes("accounts")


@routes.get("/profile", needs=SESSION, answers={200: Profile}, errors=(AccountMissing,))
def show_profile(call: Call) -> Answer:
    """Return the caller's account."""
    row = service.profile(call.caller.require_session().account_id)
    return json_answer(200, Profile.of(row))


@routes.patch(
    "/profile", needs=SESSION, scope=Scope.ADMIN, body=ProfileChange, answers={200: None}, errors=(EmailMissing,)
)
def change_profile(call: Call, body: ProfileChange) -> Answer:
    """Set the caller's e-mail address."""
    service.change_email(call.caller.require_session().account_id, body.email)
    return EMPTY_200
