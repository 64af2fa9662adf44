"""The objects of a bucket as they were at a time, from the versions that the bucket keeps."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import chain, groupby
from typing import Any

from msgspec import Struct

from infra.restore.clients import client

MARGIN = timedelta(minutes=1)
"""S3 tells times in whole seconds, and its clock is not that of the table.

An object that was stored or deleted within this time is copied. If no row names it, the sweep of the new stack removes
it.
"""

NOT_COPIED = "_staging/"
"""The folder of unfinished uploads: their clients continue them in the source or not at all."""


class ObjectVersion(Struct, frozen=True):
    """A version of an object, or the mark of its deletion, which has no size."""

    key: str
    version_id: str
    since: datetime
    size: int | None
    etag: str = ""

    @property
    def is_deletion(self) -> bool:
        """Whether the object was deleted by this version."""
        return self.size is None


def objects_at(bucket: str, at: datetime) -> Iterator[ObjectVersion]:
    """Yield the version of each object that rows of a time may name, in the order of keys. Raises ClientError."""
    for key, versions in groupby(_versions(bucket), key=lambda version: version.key):
        chosen = version_at(list(versions), at)
        if chosen is not None and not key.startswith(NOT_COPIED):
            yield chosen


def version_at(newest_first: Sequence[ObjectVersion], at: datetime) -> ObjectVersion | None:
    """Return the version of one object that rows of a time may name, or None if there was none."""
    until = [version for version in newest_first if version.since <= at + MARGIN]
    if until and until[0].is_deletion and until[0].since < at - MARGIN:
        return None
    return next((version for version in until if not version.is_deletion), None)


def _versions(bucket: str) -> Iterator[ObjectVersion]:
    """Yield all versions in the order of keys, and those of a key from the newest one on."""
    pages = client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    return chain.from_iterable(map(_of_page, pages))


def _of_page(page: dict[str, Any]) -> Iterable[ObjectVersion]:
    stored = (_version(each, each["Size"], each["ETag"]) for each in page.get("Versions", ()))
    deleted = (_version(each, None) for each in page.get("DeleteMarkers", ()))
    return merge(stored, deleted, key=_order)


def _version(listed: dict[str, Any], size: int | None, etag: str = "") -> ObjectVersion:
    return ObjectVersion(listed["Key"], listed["VersionId"], listed["LastModified"], size, etag)


def _order(version: ObjectVersion) -> tuple[str, float]:
    return version.key, -version.since.timestamp()
