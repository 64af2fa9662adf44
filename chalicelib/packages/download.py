"""Answers to downloads: an archive inline, through the local front or by signed URL (platform.md 4.3)."""

from collections.abc import Mapping

from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import StoredPackage
from chalicelib.core.deferred import deferred
from chalicelib.core.header_text import as_file_name, in_quotes
from chalicelib.http.answer import CACHE_YEAR, Answer
from chalicelib.packages import artifacts
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectMissing

with deferred():
    from chalicelib.platform import cdn

INLINE_BYTES = 4 * 1024 * 1024
"""A function's answer holds 6 MB, and base64 adds a third to the archive."""

MOST_SHARED_SECONDS = 300
"""A signed URL is valid for ten minutes, and a client needs some of them to begin its download."""

OCTETS = "application/octet-stream"
CLIENT_YEAR = {"Cache-Control": "private, max-age=31536000"}


def answer(package: StoredPackage, *, presigned: bool, names_target: bool) -> Answer:
    """Return the archive with the headers that hab requires, or a redirect to a URL that sends them.

    `presigned` redirects to a presigned URL of the object store, which cannot send `X-Filename`. `names_target`: the
    query names the target; otherwise the answer depends on the client's `User-Agent`, and shared caches may not store
    it. Raises ReleaseMissing if the object is missing, ObjectStoreFailed, SecretUnavailable. A redirect does not look
    for the object: the signed URL of a missing one answers 404.
    """
    row = package.row
    lifetime = _lifetime(package, names_target)
    headers = _headers(package, lifetime)
    if presigned:
        return _redirect(artifacts.presigned_url(row.artifact))
    if config.download_mode == "front":
        return Answer(200, b"", OCTETS, {**headers, "X-Accel-Redirect": artifacts.front_path(row.artifact)})
    if config.download_mode == "auto" and row.size <= INLINE_BYTES:
        return Answer(200, _bytes(row.artifact), OCTETS, headers)
    url = (cdn.signed_url if config.cdn_url else artifacts.presigned_url)(row.artifact)
    return _redirect(url, is_for_all=lifetime == CACHE_YEAR)


def _lifetime(package: StoredPackage, names_target: bool) -> Mapping[str, str]:
    """Return how long the archive may be stored, and by whom. A shared cache cannot check licences."""
    if not package.placement.is_public or config.restricted_if_present:
        return {"Cache-Control": f"private, max-age={config.private_max_age}"}
    return CACHE_YEAR if names_target else CLIENT_YEAR


def _headers(package: StoredPackage, lifetime: Mapping[str, str]) -> dict[str, str]:
    name = package.row.artifact.rpartition("/")[2]
    return {
        "Content-Disposition": f'attachment; filename="{in_quotes(name)}"',
        "X-Filename": as_file_name(name),
        **lifetime,
    }


def _bytes(key: str) -> bytes:
    try:
        return artifacts.read(key)
    except ObjectMissing as problem:
        raise ReleaseMissing from problem


def _redirect(url: str, *, is_for_all: bool = False) -> Answer:
    """Return a redirect, which shared caches may store while its URL is valid for long enough."""
    seconds = min(config.public_seconds, MOST_SHARED_SECONDS)
    shared = {"Cache-Control": f"public, max-age=0, s-maxage={seconds}", "Vary": "Authorization"}
    private = {"Cache-Control": "private, no-store"}
    return Answer(302, headers={"Location": url, **(shared if is_for_all and seconds else private)})
