"""Sign-in over HTTP (accounts.md 8.1)."""

from chalicelib.accounts.errors import FunctionalUserUnknown, ProviderFailed, ProviderRefused, TooManySignIns
from chalicelib.accounts.sign_in import shapes
from chalicelib.core.deferred import deferred
from chalicelib.http.answer import Answer, json_answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Routes

with deferred():
    from chalicelib.accounts.sign_in import service

routes = Routes("accounts")


@routes.get(
    "/authenticate/{code}",
    needs=ANYONE,
    cached=Cached.NEVER,
    answers={200: shapes.SignedIn},
    errors=(FunctionalUserUnknown, ProviderFailed, ProviderRefused, TooManySignIns),
)
def authenticate(call: Call) -> Answer:
    """Sign in: exchange a code of the sign-in provider for a web session."""
    session = service.authenticate(call["code"], call.source_address)
    return json_answer(
        200,
        shapes.SignedIn(
            id=str(session.account_id),
            name=session.name,
            email=session.email,
            token=session.token,
            flags=session.flags,
            oauth_token=session.oauth_token,
        ),
    )
