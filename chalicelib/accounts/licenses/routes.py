"""The caller's licence over HTTP (accounts.md 8.2)."""

from chalicelib.accounts.errors import LicenseInvalid, LicenseMissing, LicenseRefused
from chalicelib.accounts.licenses.shapes import Expiration, License, LicenseKey
from chalicelib.core.deferred import deferred
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import SESSION, Routes

with deferred():
    from chalicelib.accounts.licenses import service

routes = Routes("accounts")


@routes.put(
    "/profile/license",
    needs=SESSION,
    scope=Scope.ADMIN,
    body=LicenseKey,
    answers={200: Expiration},
    errors=(LicenseInvalid, LicenseRefused),
)
def set_license(call: Call, body: LicenseKey) -> Answer:
    """Check a licence key with the licence service and store it for the caller's account."""
    license_ = service.set_license(call.caller.require_session().account_id, body.license_key)
    return json_answer(200, Expiration(license_.expires))


@routes.get("/profile/license", needs=SESSION, scope=Scope.ADMIN, answers={200: License}, errors=(LicenseMissing,))
def show_license(call: Call) -> Answer:
    """Return the caller's licence."""
    license_ = service.license_of(call.caller.require_session().account_id)
    return json_answer(200, License(license_.key, license_.expires))
