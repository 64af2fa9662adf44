"""Origin keys over HTTP (accounts.md 8.5)."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog.errors import OriginMissing, TooManyInOrigin
from chalicelib.core.builds.build_access import JobUse
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_200, EMPTY_201, NO_CACHE, Answer, attachment, json_answer, text
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Content, Routes
from chalicelib.origins.errors import KeyInvalid, KeyMissing, KeyTaken, KeyUploadForbidden
from chalicelib.origins.keys import shapes

with deferred():
    from chalicelib.core.keys import key_file
    from chalicelib.origins.keys import service

routes = Routes("origins")
PUBLIC = "/depot/origins/{origin}/keys"
SECRET = "/depot/origins/{origin}/secret_keys"

UPLOAD_PUBLIC: dict[str, Any] = {
    "needs": Role.MEMBER,
    "scope": Scope.UPLOAD,
    "body": Content.TEXT,
    "answers": {201: Content.TEXT},
    "errors": (KeyInvalid, KeyTaken, KeyUploadForbidden, OriginMissing, TooManyInOrigin),
}
UPLOAD_SECRET: dict[str, Any] = {
    "needs": Role.ADMINISTRATOR,
    "scope": Scope.ADMIN,
    "body": Content.TEXT,
    "answers": {200: None, 201: None},
    "errors": (KeyInvalid, KeyTaken, OriginMissing),
}


@routes.get(PUBLIC, needs=ANYONE, cached=Cached.OUTSIDERS, answers={200: list[shapes.PublicKey]})
def list_public_keys(call: Call) -> Answer:
    """Return the origin's public signing keys, newest first; an unknown origin has none."""
    origin = call["origin"]
    keys = [shapes.PublicKey(origin, revision, _location(origin, revision)) for revision in service.revisions(origin)]
    return json_answer(200, keys, NO_CACHE)


@routes.post(
    PUBLIC,
    needs=Role.ADMINISTRATOR,
    scope=Scope.ADMIN,
    answers={201: None},
    errors=(KeyTaken, OriginMissing, TooManyInOrigin),
)
def generate_keys(call: Call) -> Answer:
    """Generate a signing key pair, which becomes the origin's newest. A body is ignored."""
    service.generate(call["origin"], call.caller.require_session())
    return EMPTY_201


@routes.get(
    PUBLIC + "/latest", needs=ANYONE, cached=Cached.OUTSIDERS, answers={200: Content.TEXT}, errors=(KeyMissing,)
)
def download_newest_public_key(call: Call) -> Answer:
    """Return the public signing key with the greatest revision."""
    return _file(service.newest_public(call["origin"]))


@routes.get(
    PUBLIC + "/{revision}", needs=ANYONE, cached=Cached.FIXED, answers={200: Content.TEXT}, errors=(KeyMissing,)
)
def download_public_key(call: Call) -> Answer:
    """Return a public signing key."""
    return _file(service.public(call["origin"], call["revision"]))


# The revision may also be `latest`: GET has a path of that name, so routing does not match `{revision}` there.
@routes.post(PUBLIC + "/latest", **UPLOAD_PUBLIC)
@routes.post(PUBLIC + "/{revision}", **UPLOAD_PUBLIC)
def upload_public_key(call: Call) -> Answer:
    """Store a public signing key under the revision in its text. A new key requires the role `administrator`.

    `hab pkg upload` by a member always tries to upload the key first, so members get 409 for an existing key.
    """
    origin, path_revision = call["origin"], call.path.get("revision", "latest")
    revision = service.upload_public(origin, path_revision, call.raw_text(), call.caller)
    return text(201, _location(origin, revision), {"Location": call.request_uri})


@routes.get(
    SECRET + "/latest",
    needs=Role.MEMBER,
    cached=Cached.NEVER,
    scope=Scope.UPLOAD,
    job_use=JobUse.KEY,
    answers={200: Content.TEXT},
    errors=(KeyMissing,),
)
def download_newest_secret_key(call: Call) -> Answer:
    """Return the secret signing key with the greatest full name."""
    return _file(service.newest_secret(call["origin"]))


@routes.post(SECRET + "/latest", **UPLOAD_SECRET)
@routes.post(SECRET + "/{revision}", **UPLOAD_SECRET)
def upload_secret_key(call: Call) -> Answer:
    """Store a secret signing key under the full name in its text. The revision in the path is not used.

    `hab` accepts only 200 and repeats a request whose answer was lost; other clients get 201 (platform.md 3.4).
    """
    session = call.caller.require_session()
    service.upload_secret(call["origin"], call.raw_text(), repeatable=call.from_hab, by=session)
    return EMPTY_200 if call.from_hab else EMPTY_201


@routes.get(
    "/depot/origins/{origin}/encryption_key",
    needs=Role.READONLY_MEMBER,
    answers={200: Content.TEXT},
    errors=(OriginMissing,),
)
def download_encryption_key(call: Call) -> Answer:
    """Return the origin's public encryption key, which seals secrets. The first request generates it.

    If the origin has no key yet, a named token needs the scope `admin`; without it, the status is 403.
    """
    return _file(service.encryption_key(call["origin"], call.caller))


def _location(origin: str, revision: str) -> str:
    return f"/origins/{origin}/keys/{revision}"


def _file(key: key_file.KeyFile) -> Answer:
    return attachment(key.file_name, key.text)
