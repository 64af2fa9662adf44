"""Fetch the secret signing key of an origin (builds.md 9.2, step 3)."""

import os
from pathlib import Path

from bldr.errors import RequestRefused, ResponseMalformed
from bldr.http_transport import HttpTransport, Request
from chalicelib.core.keys.key_file import KeyFile, KeyFileMalformed, KeyKind

MISSING = 404


def fetch_secret_key(transport: HttpTransport, origin: str, folder: Path) -> Path:
    """Save the latest secret key of an origin under the name in `X-Filename`, readable only for this user.

    Raises Unreachable, RequestRefused, ResponseMalformed.
    """
    path = ("depot", "origins", origin, "secret_keys", "latest")
    request = Request("GET", path, f"fetch the secret key of {origin}", accept=(200, MISSING))
    response = transport.send(request)
    if response.status_code == MISSING:
        raise RequestRefused(
            MISSING,
            f"the origin {origin} has no secret signing key; an administrator generates one with "
            f"POST /v1/depot/origins/{origin}/keys, or uploads one with `hab origin key upload --secret`",
        )
    try:
        key = KeyFile.parse(response.text, KeyKind.SECRET_SIGNING)
    except KeyFileMalformed as problem:
        raise ResponseMalformed(f"the secret key of {origin} is malformed: {problem.reason}") from None
    if key.named_revision.name != origin or response.headers.get("X-Filename", key.file_name) != key.file_name:
        raise ResponseMalformed(f"the Builder returned another key than that of {origin}")
    file = folder / key.file_name
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(response.text)
    return file


def read_secret_key(path: Path) -> KeyFile:
    """Return a secret key that `fetch_secret_key` saved."""
    return KeyFile.parse(path.read_text(), KeyKind.SECRET_SIGNING)
