"""Validators of answers: the header `ETag`, and its comparison with `If-None-Match` (RFC 9110, 8.8.3 and 13.1.2)."""

import hashlib

from chalicelib.platform.config import config


class Unchanged(Exception):
    """The client already has the answer. The status is 304."""


def of_body(body: bytes) -> str:
    """Return the ETag of an answer with this body."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def of_revision(*revision: object) -> str:
    """Return the ETag of the answer that belongs to a revision of what is stored.

    Another release of the service may show the same revision in another form, so the digest of its code is included.
    """
    return of_body(repr((config.code_digest, *revision)).encode())


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Return whether the client has the answer with an ETag, by its header `If-None-Match`."""
    if if_none_match is None:
        return False
    known = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return etag in known or known == ["*"]
