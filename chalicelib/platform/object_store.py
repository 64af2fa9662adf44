"""Operations on the one bucket of the object store, and their errors (platform.md section 4)."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform.aws import client
from chalicelib.platform.config import config


class ObjectStoreFailed(Exception):
    """The object store failed to store, return or delete an object."""


class ObjectMissing(ObjectStoreFailed):
    """The object or the bucket does not exist. If the caller does not handle it, it counts as a store failure (502)."""


class UploadClosed(Exception):
    """The multipart upload was completed or aborted, or never existed."""


STATUS: dict[type[Exception], int] = {ObjectStoreFailed: 502}


def call(operation: str, **arguments: Any) -> Any:
    """Return the response of an operation on the bucket. Raises ObjectMissing, UploadClosed, ObjectStoreFailed."""
    try:
        return getattr(client("s3"), operation)(Bucket=config.bucket, **arguments)
    except ClientError as problem:
        raise _failure_of(problem) from problem
    except BotoCoreError as problem:
        raise ObjectStoreFailed from problem


class Stream:
    """The bytes of an object, read forward once."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """Return the next `size` bytes, fewer only at the end, or all the rest. Raises ObjectStoreFailed."""
        try:
            content: bytes = self._body.read(size)
        except BotoCoreError as problem:
            raise ObjectStoreFailed from problem
        return content


def signed_url(operation: str, seconds: int, **parameters: Any) -> str:
    """Return a presigned URL for one operation on the bucket. Signed locally, without a call."""
    url: str = client("s3").generate_presigned_url(
        operation, Params={"Bucket": config.bucket, **parameters}, ExpiresIn=seconds
    )
    return url


def _failure_of(problem: ClientError) -> Exception:
    code = problem.response["Error"]["Code"]
    if code in ("NoSuchKey", "404"):
        return ObjectMissing()
    return UploadClosed() if code == "NoSuchUpload" else ObjectStoreFailed()
