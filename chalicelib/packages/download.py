"""Answers to downloads: an archive inline, through the local front or by signed URL (platform.md 4.3)."""

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


def answer(package: StoredPackage, presigned: bool = False) -> Answer:
    """Return the archive with the headers that hab requires, or a redirect to a URL that sends them.

    `presigned` redirects to a presigned URL of the object store, which cannot send `X-Filename`. Raises ReleaseMissing
    if the object is missing, ObjectStoreFailed, SecretUnavailable. A redirect does not look for the object: the signed
    URL of a missing one answers 404.
    """
    row = package.row
    if presigned:
        return _redirect(artifacts.presigned_url(row.artifact))
    if config.download_mode == "front":
        return Answer(200, b"", OCTETS, {**_headers(package), "X-Accel-Redirect": artifacts.front_path(row.artifact)})
    if config.download_mode == "auto" and row.size <= INLINE_BYTES:
        return Answer(200, _bytes(row.artifact), OCTETS, _headers(package))
    url = (cdn.signed_url if config.cdn_url else artifacts.presigned_url)(row.artifact)
    return _redirect(url, is_for_all=package.placement.is_public and not config.restricted_if_present)


def _headers(package: StoredPackage) -> dict[str, str]:
    name = package.row.artifact.rpartition("/")[2]
    return {
        "Content-Disposition": f'attachment; filename="{in_quotes(name)}"',
        "X-Filename": as_file_name(name),
        "Cache-Control": CACHE_YEAR["Cache-Control"]
        if package.placement.is_public
        else f"private, max-age={config.private_max_age}",
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
