"""Licences over HTTP, rarely asked for, so their code is imported where it is used (accounts.md 8.2)."""

from chalicelib.accounts.errors import LicenseRefused
from chalicelib.http.answer import Answer, json_answer, text
from chalicelib.http.call import BodyMalformed, Call
from chalicelib.http.routes import SESSION, Routes

routes = Routes("accounts")


def _key(call: Call) -> str:
    """The key; the account is always the caller's own, whatever `account_id` says."""
    key = call.json_object().get("license_key")
    if not isinstance(key, str):
        raise BodyMalformed("license_key: expected a string")
    return key


@routes.put("/profile/license", needs=SESSION, reads=_key)
def set_license(call: Call, key: str) -> Answer:
    """Have a licence key checked and keep it; a refusal of the licence service is passed on as it is."""
    from chalicelib.accounts import licenses

    try:
        license_ = licenses.set_license(call.caller.require_session().account_id, key)
    except LicenseRefused as refusal:
        return text(refusal.status, refusal.text)
    return json_answer(200, {"expiration_date": license_.expires})


@routes.get("/profile/license", needs=SESSION)
def show_license(call: Call) -> Answer:
    """The caller's licence."""
    from chalicelib.accounts import licenses

    license_ = licenses.license_of(call.caller.require_session().account_id)
    return json_answer(200, {"license_key": license_.key, "expiration_date": license_.expires})
