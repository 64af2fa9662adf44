"""Uploads and copies in the object store, by the AWS transfer manager, in several requests if large.

Defer this module: `s3transfer` is slow to import.
"""

from collections.abc import Callable
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.futures import NonThreadedExecutor
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectStoreFailed

PART_BYTES = 8 * 1024 * 1024
COPY_PART_BYTES = 256 * 1024 * 1024
"""Larger objects are copied in parts: one call may copy 5 GB, but not within its timeout."""

CONCURRENT_COPIES = 8


def upload(content: BinaryIO, key: str, headers: dict[str, str]) -> None:
    """Store a stream as an object; one part of 8 MiB at a time is in memory. Raises ObjectStoreFailed."""
    transfer = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_request_concurrency=1)
    try:
        with TransferManager(client("s3"), transfer, executor_cls=NonThreadedExecutor) as transfers:
            transfers.upload(content, config.bucket, key, extra_args=headers).result()
    except (BotoCoreError, ClientError) as problem:
        raise ObjectStoreFailed from problem


def copy(source: str, key: str, headers: dict[str, str], progress: Callable[[], None]) -> None:
    """Copy an object on the server side, in parts if it is large; calls `progress` after each part.

    Raises ObjectStoreFailed, and the errors of `progress`.
    """

    class Progress(BaseSubscriber):  # type: ignore[misc]  # s3transfer has no types
        def on_progress(self, **_: Any) -> None:
            progress()

    transfer = TransferConfig(
        multipart_threshold=COPY_PART_BYTES + 1,
        multipart_chunksize=COPY_PART_BYTES,
        max_request_concurrency=CONCURRENT_COPIES,
    )
    copy_source = {"Bucket": config.bucket, "Key": source}
    new_headers = {**headers, "MetadataDirective": "REPLACE"}
    try:
        with TransferManager(client("s3"), transfer) as transfers:
            transfers.copy(copy_source, config.bucket, key, extra_args=new_headers, subscribers=[Progress()]).result()
    except (BotoCoreError, ClientError) as problem:
        raise ObjectStoreFailed from problem
