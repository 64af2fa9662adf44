"""The copy of a bucket as it was at a time. S3 copies the bytes; they do not pass through this machine."""

import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct
from s3transfer.manager import TransferConfig, TransferManager

from infra.restore.clients import CONCURRENCY, client
from infra.restore.object_versions import ObjectVersion, objects_at
from infra.restore.source import NotPossible

SINGLE_COPY_BYTES = 256 * 1024 * 1024
"""Larger objects are copied in parts. One call copies 5 GB at most, and takes long for it."""

WAITING = 4 * CONCURRENCY
PROGRESS_EVERY = 10_000
HEADERS = ("ContentType", "ContentDisposition", "ContentEncoding", "CacheControl", "Metadata")
"""What a copy in parts loses, if it is not sent again."""


class CopyResult(Struct):
    """The numbers of objects that were copied now, had been copied before, and could not be copied."""

    copied: int = 0
    present: int = 0
    failed: int = 0


def create_bucket(bucket: str) -> None:
    """Create a bucket, unless it exists. S3 encrypts it and blocks public access by default. Raises ClientError."""
    s3 = client("s3")
    region = s3.meta.region_name
    location = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **location)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        return


def copy_objects(source: str, bucket: str, at: datetime) -> CopyResult:
    """Copy the objects of a time, except those that the bucket has. An object that fails does not stop the others.

    Raises NotPossible if one has failed; a repeat copies what is missing. Raises ClientError if a listing fails.
    """
    result = CopyResult()
    with ThreadPoolExecutor(CONCURRENCY) as threads, TransferManager(client("s3"), _in_parts()) as transfers:
        running: set[Future[None]] = set()
        for version in _missing(source, bucket, at, result):
            running.add(threads.submit(_copy, source, bucket, version, transfers))
            if len(running) >= WAITING:
                running = _settled(running, result)
        while running:
            running = _settled(running, result)
    if result.failed:
        raise NotPossible(f"{result.failed} objects could not be copied; repeat the command to copy them")
    return result


def _missing(source: str, bucket: str, at: datetime, result: CopyResult) -> Iterator[ObjectVersion]:
    """Yield the objects that the bucket lacks. Both listings are read once, in the order of keys."""
    stored = _stored(bucket)
    existing = next(stored, None)
    for version in objects_at(source, at):
        while existing is not None and existing["Key"] < version.key:
            existing = next(stored, None)
        if existing is not None and existing["Key"] == version.key and _is_copy(existing, version):
            result.present += 1
        else:
            yield version


def _stored(bucket: str) -> Iterator[dict[str, Any]]:
    for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from page.get("Contents", ())


def _is_copy(existing: dict[str, Any], version: ObjectVersion) -> bool:
    """Return whether an object is a copy. Tags depend on the parts of an object, so only tags without parts count."""
    tags = {existing["ETag"], version.etag}
    return existing["Size"] == version.size and (len(tags) == 1 or any("-" in tag for tag in tags))


def _copy(source: str, bucket: str, version: ObjectVersion, transfers: TransferManager) -> None:
    s3, key = client("s3"), version.key
    copied = {"Bucket": source, "Key": key, "VersionId": version.version_id}
    if version.size is None or version.size <= SINGLE_COPY_BYTES:
        s3.copy_object(Bucket=bucket, Key=key, CopySource=copied)
        return
    head = s3.head_object(**copied)
    headers = {name: head[name] for name in HEADERS if head.get(name)}
    transfers.copy(copied, bucket, key, extra_args=headers).result()


def _in_parts() -> TransferConfig:
    return TransferConfig(
        multipart_threshold=SINGLE_COPY_BYTES,
        multipart_chunksize=SINGLE_COPY_BYTES,
        max_request_concurrency=CONCURRENCY // 4,
    )


def _settled(running: set[Future[None]], result: CopyResult) -> set[Future[None]]:
    """Wait until a copy ends, count those that have ended, and return the others."""
    ended, rest = wait(running, return_when=FIRST_COMPLETED)
    for each in ended:
        try:
            each.result()
            result.copied += 1
        except (BotoCoreError, ClientError) as problem:
            result.failed += 1
            print(f"not copied: {problem}", file=sys.stderr)
        if (result.copied + result.failed) % PROGRESS_EVERY == 0:
            print(f"{result.copied:,} objects copied", file=sys.stderr)
    return rest
