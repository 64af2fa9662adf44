"""Artifacts in the object store: write-once keys, read by signed URL or through us (design.md section 5)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.header_text import in_quotes
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.packages.errors import ArtifactStoreFailed
from chalicelib.platform import observe
from chalicelib.platform.aws import client
from chalicelib.platform.settings import settings

PART_BYTES = 8 * 1024 * 1024
COPY_PART_BYTES = 256 * 1024 * 1024
"""Objects above this are copied in parts of it; one call could copy 5 GB, but not within its time limit."""

COPIES_AT_ONCE = 8
URL_SECONDS = 600
LISTED_AT_ONCE = 1000


class ArtifactMissing(ArtifactStoreFailed):
    """The object store has no such object, or no such bucket; where nobody expects that, the store has failed."""


@dataclass(frozen=True, slots=True)
class Stored:
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
    """Store an archive from its beginning, in parts of 8 MiB held one at a time. Raises ArtifactStoreFailed."""
    from s3transfer.futures import NonThreadedExecutor
    from s3transfer.manager import TransferConfig, TransferManager

    archive.seek(0)
    config = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_request_concurrency=1)
    try:
        with TransferManager(client("s3"), config, executor_cls=NonThreadedExecutor) as transfers:
            transfers.upload(archive, settings.bucket, key, extra_args=_described(key)).result()
    except (BotoCoreError, ClientError) as problem:
        raise ArtifactStoreFailed from problem


def copy(source: str, key: str, progress: Callable[[], None]) -> None:
    """Store an archive that is another object, without moving its bytes through us; `progress` is called now and then.

    Raises ArtifactStoreFailed, and what `progress` raises.
    """
    from s3transfer.manager import TransferConfig, TransferManager
    from s3transfer.subscribers import BaseSubscriber

    class Progress(BaseSubscriber):  # type: ignore[misc]  # s3transfer has no types
        def on_progress(self, **_: Any) -> None:
            progress()

    config = TransferConfig(
        multipart_threshold=COPY_PART_BYTES + 1,
        multipart_chunksize=COPY_PART_BYTES,
        max_request_concurrency=COPIES_AT_ONCE,
    )
    place = {"Bucket": settings.bucket, "Key": source}
    described = {**_described(key), "MetadataDirective": "REPLACE"}
    try:
        with TransferManager(client("s3"), config) as transfers:
            transfers.copy(place, settings.bucket, key, extra_args=described, subscribers=[Progress()]).result()
    except (BotoCoreError, ClientError) as problem:
        raise ArtifactStoreFailed from problem


def _described(key: str) -> dict[str, str]:
    name = in_quotes(key.rpartition("/")[2])
    return {"ContentType": "application/octet-stream", "ContentDisposition": f'attachment; filename="{name}"'}


class Stream:
    """An object's bytes from their beginning."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """So many bytes, fewer at the end only, or all that are left. Raises ArtifactStoreFailed."""
        try:
            content: bytes = self._body.read(size)
        except BotoCoreError as problem:
            raise ArtifactStoreFailed from problem
        return content


def stream(key: str) -> Stream:
    """An object of any size. Raises ArtifactMissing, ArtifactStoreFailed."""
    return Stream(_call("get_object", Key=key)["Body"])


def put_bytes(key: str, content: bytes) -> None:
    """Store a small object. Raises ArtifactStoreFailed."""
    _call("put_object", Key=key, Body=content)


def read(key: str) -> bytes:
    """A whole object; for small ones only. Raises ArtifactMissing, ArtifactStoreFailed."""
    return stream(key).read()


def demand(key: str) -> None:
    """Raise ArtifactMissing unless the object is there, before anybody is sent to it. Raises ArtifactStoreFailed."""
    _call("head_object", Key=key)


def demand_store() -> None:
    """Raise ArtifactStoreFailed unless the bucket answers; asked before rows go whose object must go with them."""
    _call("head_bucket")


def discard(key: str) -> None:
    """Remove the objects of an archive that no row names any more; what does not go now is swept later.

    After one failure nothing more is tried: the store may be silent for the whole of its time limit.
    """
    try:
        for each in (key, texts_key_of(key)):
            _call("delete_object", Key=each)
    except ArtifactStoreFailed as problem:
        observe.unexpected(problem)


def remove(key: str) -> None:
    """Remove an object; one that is not there is no error. Raises ArtifactStoreFailed."""
    _call("delete_object", Key=key)


def stored_behind(key: str) -> list[Stored]:
    """The next thousand objects in the order of their keys, behind a key. Raises ArtifactStoreFailed."""
    page = _call("list_objects_v2", MaxKeys=LISTED_AT_ONCE, **({"StartAfter": key} if key else {}))
    return [Stored(each["Key"], each["LastModified"]) for each in page.get("Contents", ())]


def front_path(key: str) -> str:
    """The path under which the local front streams an object (an internal redirect)."""
    return "/artifacts/" + quote(key)


def plain_url(key: str) -> str:
    """A presigned URL of the object store, valid ten minutes; its answer lacks the header that hab needs."""
    url: str = client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": settings.bucket, "Key": key}, ExpiresIn=URL_SECONDS
    )
    return url


def _call(operation: str, **arguments: Any) -> Any:
    try:
        return getattr(client("s3"), operation)(Bucket=settings.bucket, **arguments)
    except ClientError as problem:
        if problem.response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise ArtifactMissing from problem
        raise ArtifactStoreFailed from problem
    except BotoCoreError as problem:
        raise ArtifactStoreFailed from problem
