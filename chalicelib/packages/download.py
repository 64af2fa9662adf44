"""How an archive's bytes reach the client: inline, through the front, or by signed URL (platform.md 4.3)."""

from collections.abc import Callable

from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import PackageRow
from chalicelib.core.header_text import in_quotes
from chalicelib.core.visibility import Visibility
from chalicelib.http.answer import CACHE_YEAR, Answer
from chalicelib.packages import artifacts
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectMissing

INLINE_BYTES = 4 * 1024 * 1024
"""What fits through a function's answer of 6 MB once it is base64."""


def answer(row: PackageRow, plain: bool = False) -> Answer:
    """The archive with the headers that hab insists on, or a redirect whose final answer has them.

    `plain` asks for a presigned URL of the object store. Raises ReleaseMissing when the object is gone.
    """
    if plain:
        return _redirect(row.artifact, artifacts.plain_url)
    if config.download_mode == "front":
        return Answer(
            200,
            b"",
            "application/octet-stream",
            {**_headers(row), "X-Accel-Redirect": artifacts.front_path(row.artifact)},
        )
    if config.download_mode == "auto" and row.size <= INLINE_BYTES:
        return Answer(200, _bytes(row.artifact), "application/octet-stream", _headers(row))
    return _redirect(row.artifact, _signed_url)


def _headers(row: PackageRow) -> dict[str, str]:
    name = row.artifact.rpartition("/")[2]
    public = row.visibility == Visibility.PUBLIC
    caching = CACHE_YEAR["Cache-Control"] if public else f"private, max-age={config.private_max_age}"
    return {
        "Content-Disposition": f'attachment; filename="{in_quotes(name)}"',
        "X-Filename": name,
        "Cache-Control": caching,
    }


def _bytes(key: str) -> bytes:
    try:
        return artifacts.read(key)
    except ObjectMissing as problem:
        raise ReleaseMissing from problem


def _signed_url(key: str) -> str:
    if not config.cdn_url:
        return artifacts.plain_url(key)
    from chalicelib.platform.cdn import signed_url

    return signed_url(key)


def _redirect(key: str, url_of: Callable[[str], str]) -> Answer:
    try:
        artifacts.demand(key)
    except ObjectMissing as problem:
        raise ReleaseMissing from problem
    return Answer(302, headers={"Location": url_of(key), "Cache-Control": "private, no-store"})
