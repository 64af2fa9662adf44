"""Artifacts in the object store: write-once keys, read by signed URL or through us (design.md section 5)."""

from typing import Any, BinaryIO
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.packages.errors import ArtifactStoreFailed
from chalicelib.platform import observe
from chalicelib.platform.aws import client
from chalicelib.platform.settings import settings

PART_BYTES = 8 * 1024 * 1024
URL_SECONDS = 600


class ArtifactMissing(Exception):
    """The object store has no such object."""


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
    name = key.rpartition("/")[2]
    described = {
        "ContentType": "application/octet-stream",
        "ContentDisposition": f'attachment; filename="{name}"',
    }
    try:
        with TransferManager(client("s3"), config, executor_cls=NonThreadedExecutor) as transfers:
            transfers.upload(archive, settings.bucket, key, extra_args=described).result()
    except (BotoCoreError, ClientError) as problem:
        raise ArtifactStoreFailed from problem


def put_bytes(key: str, content: bytes) -> None:
    """Store a small object. Raises ArtifactStoreFailed."""
    _call("put_object", Key=key, Body=content)


def read(key: str) -> bytes:
    """A whole object; for small ones only. Raises ArtifactMissing, ArtifactStoreFailed."""
    content: bytes = _call("get_object", Key=key)["Body"].read()
    return content


def demand_store() -> None:
    """Raise ArtifactStoreFailed unless the bucket answers; asked before rows go whose object must go with them."""
    _call("head_bucket")


def discard(key: str) -> None:
    """Remove the objects of an archive that no row names any more; what does not go now is swept later."""
    for each in (key, texts_key_of(key)):
        try:
            _call("delete_object", Key=each)
        except ArtifactStoreFailed as problem:
            observe.unexpected(problem)


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
