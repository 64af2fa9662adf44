"""Archives and their long texts in the object store. Every upload writes under its own keys."""

from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote

from msgspec import Struct

from chalicelib.core.deferred import deferred
from chalicelib.core.header_text import in_quotes
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform import logs, object_store
from chalicelib.platform.object_store import ObjectStoreFailed, Stream

with deferred():
    from chalicelib.platform import transfers

URL_SECONDS = 600
LISTED_AT_ONCE = 1000


class Stored(Struct, frozen=True):
    """An object and the time at which it was stored."""

    key: str
    since: datetime


def key_of(ident: PackageIdent, target: Target, upload_id: str) -> str:
    """Return the key of an archive. The last segment is the file name that clients see.

    Each upload has its own key, so concurrent uploads do not overwrite each other's bytes, and a slow deletion cannot
    delete the bytes of a package that was published again.
    """
    return f"{ident}/{target.path}/{upload_id}/{ident.archive_name(target)}"


def texts_key_of(key: str) -> str:
    """Return the key of the long texts of an archive, used if they are too large for a row."""
    return f"texts/{key.rpartition('/')[0]}"


def put(key: str, archive: BinaryIO) -> None:
    """Store an archive from its beginning under a key. Raises ObjectStoreFailed."""
    archive.seek(0)
    transfers.upload(archive, key, _described(key))


def copy(source: str, key: str, progress: Callable[[], None]) -> None:
    """Copy an object to the key of an archive on the server side, calling `progress` after every part.

    Raises ObjectStoreFailed and the exceptions of `progress`.
    """
    transfers.copy(source, key, _described(key), progress)


def _described(key: str) -> dict[str, str]:
    name = in_quotes(key.rpartition("/")[2])
    return {"ContentType": "application/octet-stream", "ContentDisposition": f'attachment; filename="{name}"'}


def stream(key: str) -> Stream:
    """Return an object of any size as a stream. Raises ObjectMissing, ObjectStoreFailed."""
    return Stream(object_store.call("get_object", Key=key)["Body"])


def put_bytes(key: str, content: bytes) -> None:
    """Store a small object. Raises ObjectStoreFailed."""
    object_store.call("put_object", Key=key, Body=content)


def read(key: str) -> bytes:
    """Return the bytes of a small object. Raises ObjectMissing, ObjectStoreFailed."""
    return stream(key).read()


def demand_store() -> None:
    """Raise ObjectStoreFailed if the bucket does not answer. Called before rows and their object are deleted."""
    object_store.call("head_bucket")


def discard(key: str) -> None:
    """Delete the objects of an archive to which no row refers any more.

    A failure is logged, and the sweep deletes the rest. Stops at the first failure, because each further call could
    take the whole time limit of the request.
    """
    try:
        for object_key in (key, texts_key_of(key)):
            remove(object_key)
    except ObjectStoreFailed as problem:
        logs.unexpected_error(problem)


def remove(key: str) -> None:
    """Delete an object. Does nothing if there is none. Raises ObjectStoreFailed."""
    object_store.call("delete_object", Key=key)


def stored_after(key: str) -> list[Stored]:
    """Return up to a thousand objects after a key, in the order of their keys. Raises ObjectStoreFailed."""
    page = object_store.call("list_objects_v2", MaxKeys=LISTED_AT_ONCE, **({"StartAfter": key} if key else {}))
    return [Stored(each["Key"], each["LastModified"]) for each in page.get("Contents", ())]


def origins_after(origin: str) -> list[str]:
    """Return up to a thousand origins that have objects, behind one (empty: all), in the order of their folders.

    Names of other folders, such as that of long texts, are among them. Raises ObjectStoreFailed.
    """
    after = (
        {"StartAfter": f"{origin}0"} if origin else {}
    )  # `0` follows `/`, so this is behind all objects of an origin
    page = object_store.call("list_objects_v2", MaxKeys=LISTED_AT_ONCE, Delimiter="/", **after)
    return [each["Prefix"].removesuffix("/") for each in page.get("CommonPrefixes", ())]


def front_path(key: str) -> str:
    """Return the path under which the local front streams an object (an internal redirect)."""
    return "/artifacts/" + quote(key)


def presigned_url(key: str) -> str:
    """Return a presigned URL of the object store, valid for ten minutes. Its response lacks `X-Filename`."""
    return object_store.signed_url("get_object", URL_SECONDS, Key=key)
