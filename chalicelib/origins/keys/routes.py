"""Origin keys over HTTP (accounts.md 8.5)."""

from __future__ import annotations

from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.http.answer import EMPTY_200, EMPTY_201, NO_CACHE, Answer, attachment, json_answer, text
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.core import key_file
    from chalicelib.origins.keys import service as keys

routes = Routes("origins")


@routes.get("/depot/origins/{origin}/keys", needs=ANYONE)
def list_public_keys(call: Call) -> Answer:
    """All revisions, newest first; an unknown origin has none."""
    origin = call["origin"]
    listed = [
        {"origin": origin, "revision": revision, "location": _location(origin, revision)}
        for revision in keys.revisions(origin)
    ]
    return json_answer(200, listed, NO_CACHE)


@routes.post("/depot/origins/{origin}/keys", needs=Role.ADMINISTRATOR, scope=Scope.ADMIN)
def generate_keys(call: Call) -> Answer:
    """A new signing pair; whatever body comes is ignored."""
    keys.generate(call["origin"], by=call.caller.require_session())
    return EMPTY_201


@routes.get("/depot/origins/{origin}/keys/latest", needs=ANYONE)
def newest_public_key(call: Call) -> Answer:
    """The key file of the greatest revision."""
    return _file(keys.newest_public(call["origin"]))


@routes.get("/depot/origins/{origin}/keys/{revision}", needs=ANYONE)
def public_key(call: Call) -> Answer:
    """The key file of a revision."""
    return _file(keys.public(call["origin"], call["revision"]))


@routes.post("/depot/origins/{origin}/keys/latest", needs=Role.MEMBER, scope=Scope.UPLOAD)
@routes.post("/depot/origins/{origin}/keys/{revision}", needs=Role.MEMBER, scope=Scope.UPLOAD)
def upload_public_key(call: Call) -> Answer:
    """Store a public key; members hear that it is there, only administrators upload a new one (checked in the service).

    The revision in the path may be any word, also `latest`, which is a path of its own for GET.
    """
    origin, path_revision = call["origin"], call.path.get("revision", "latest")
    revision = keys.upload_public(origin, path_revision, call.raw_text(), by=call.caller)
    return text(201, _location(origin, revision), {"Location": call.request_uri})


@routes.get("/depot/origins/{origin}/secret_keys/latest", needs=Role.MEMBER, scope=Scope.UPLOAD)
def newest_secret_key(call: Call) -> Answer:
    """The key file of the greatest full name."""
    return _file(keys.newest_secret(call["origin"]))


@routes.post("/depot/origins/{origin}/secret_keys/latest", needs=Role.ADMINISTRATOR, scope=Scope.ADMIN)
@routes.post("/depot/origins/{origin}/secret_keys/{revision}", needs=Role.ADMINISTRATOR, scope=Scope.ADMIN)
def upload_secret_key(call: Call) -> Answer:
    """Store a secret key under the name in its text; what the path says is not used.

    `hab` takes nothing but 200 for success, and repeats a request whose answer it lost (platform.md 3.4).
    """
    by = call.caller.require_session()
    keys.upload_secret(call["origin"], call.raw_text(), repeat_is_fine=call.from_hab, by=by)
    return EMPTY_200 if call.from_hab else EMPTY_201


@routes.get("/depot/origins/{origin}/encryption_key", needs=Role.READONLY_MEMBER)
def encryption_key(call: Call) -> Answer:
    """The key file for sealing secrets, made at the first request."""
    return _file(keys.encryption_key(call["origin"], by=call.caller.require_session()))


def _location(origin: str, revision: str) -> str:
    return f"/origins/{origin}/keys/{revision}"


def _file(key: key_file.KeyFile) -> Answer:
    return attachment(key.file_name, key.text)
