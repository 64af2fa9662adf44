"""Transfers to and within the object store that may take several requests, by the AWS transfer manager."""

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
"""Larger objects are copied in parts: one call could copy 5 GB, but not within its time limit."""

COPIES_AT_ONCE = 8


def upload(content: BinaryIO, key: str, headers: dict[str, str]) -> None:
    """Store a stream, in parts of 8 MiB held in memory one at a time. Raises ObjectStoreFailed."""
    transfer = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_request_concurrency=1)
    try:
        with TransferManager(client("s3"), transfer, executor_cls=NonThreadedExecutor) as transfers:
            transfers.upload(content, config.bucket, key, extra_args=headers).result()
    except (BotoCoreError, ClientError) as problem:
        raise ObjectStoreFailed from problem


def copy(source: str, key: str, headers: dict[str, str], progress: Callable[[], None]) -> None:
    """Copy an object on the server side, in parts if it is large; `progress` is called from time to time.

    Raises ObjectStoreFailed, and what `progress` raises.
    """

    class Progress(BaseSubscriber):  # type: ignore[misc]  # s3transfer has no types
        def on_progress(self, **_: Any) -> None:
            progress()

    transfer = TransferConfig(
        multipart_threshold=COPY_PART_BYTES + 1,
        multipart_chunksize=COPY_PART_BYTES,
        max_request_concurrency=COPIES_AT_ONCE,
    )
    place = {"Bucket": config.bucket, "Key": source}
    replaced = {**headers, "MetadataDirective": "REPLACE"}
    try:
        with TransferManager(client("s3"), transfer) as transfers:
            transfers.copy(place, config.bucket, key, extra_args=replaced, subscribers=[Progress()]).result()
    except (BotoCoreError, ClientError) as problem:
        raise ObjectStoreFailed from problem
