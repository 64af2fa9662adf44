"""Artifacts in the object store: write-once keys, read by signed URL or through us (design.md section 5)."""

from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote

from msgspec import Struct

from chalicelib.core.header_text import in_quotes
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform import logs, object_store
from chalicelib.platform.deferred import deferred
from chalicelib.platform.object_store import ObjectStoreFailed, Stream

with deferred():
    from chalicelib.platform import transfers

URL_SECONDS = 600
LISTED_AT_ONCE = 1000


class Stored(Struct, frozen=True):
    """An object and since when it is there."""

    key: str
    since: datetime


def key_of(ident: PackageIdent, target: Target, upload_id: str) -> str:
    """The object of an archive; each upload has one of its own.

    So racing uploads do not overwrite each other's bytes, and a deletion that is still under way cannot take the bytes
    of a package that was published anew. The last segment is the file name that clients see.
    """
    return f"{ident}/{target.path}/{upload_id}/{ident.archive_name(target)}"


def texts_key_of(key: str) -> str:
    """The object that holds the long texts of an archive where a row could not."""
    return f"texts/{key.rpartition('/')[0]}"


def put(key: str, archive: BinaryIO) -> None:
    """Store an archive from its beginning. Raises ObjectStoreFailed."""
    archive.seek(0)
    transfers.upload(archive, key, _described(key))


def copy(source: str, key: str, progress: Callable[[], None]) -> None:
    """Copy an object to the key of an archive, on the server side; `progress` is called from time to time.

    Raises ObjectStoreFailed, and what `progress` raises.
    """
    transfers.copy(source, key, _described(key), progress)


def _described(key: str) -> dict[str, str]:
    name = in_quotes(key.rpartition("/")[2])
    return {"ContentType": "application/octet-stream", "ContentDisposition": f'attachment; filename="{name}"'}


def stream(key: str) -> Stream:
    """An object of any size. Raises ObjectMissing, ObjectStoreFailed."""
    return Stream(object_store.call("get_object", Key=key)["Body"])


def put_bytes(key: str, content: bytes) -> None:
    """Store a small object. Raises ObjectStoreFailed."""
    object_store.call("put_object", Key=key, Body=content)


def read(key: str) -> bytes:
    """A whole object; for small ones only. Raises ObjectMissing, ObjectStoreFailed."""
    return stream(key).read()


def demand(key: str) -> None:
    """Raise ObjectMissing unless the object is there, before anybody is sent to it. Raises ObjectStoreFailed."""
    object_store.call("head_object", Key=key)


def demand_store() -> None:
    """Raise ObjectStoreFailed unless the bucket answers; asked before rows go whose object must go with them."""
    object_store.call("head_bucket")


def discard(key: str) -> None:
    """Remove the objects of an archive that no row names any more; what does not go now is swept later.

    After one failure nothing more is tried: the store may be silent for the whole of its time limit.
    """
    try:
        for each in (key, texts_key_of(key)):
            object_store.call("delete_object", Key=each)
    except ObjectStoreFailed as problem:
        logs.unexpected_error(problem)


def remove(key: str) -> None:
    """Remove an object; one that is not there is no error. Raises ObjectStoreFailed."""
    object_store.call("delete_object", Key=key)


def stored_behind(key: str) -> list[Stored]:
    """The next thousand objects in the order of their keys, behind a key. Raises ObjectStoreFailed."""
    page = object_store.call("list_objects_v2", MaxKeys=LISTED_AT_ONCE, **({"StartAfter": key} if key else {}))
    return [Stored(each["Key"], each["LastModified"]) for each in page.get("Contents", ())]


def front_path(key: str) -> str:
    """The path under which the local front streams an object (an internal redirect)."""
    return "/artifacts/" + quote(key)


def plain_url(key: str) -> str:
    """A presigned URL of the object store, valid ten minutes; its answer lacks the header that hab needs."""
    return object_store.signed_url("get_object", URL_SECONDS, Key=key)
