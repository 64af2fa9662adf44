"""Staged archives: a multipart upload in the object store, then one object below `_staging/`.

The bucket's lifecycle rule deletes leftovers after a day.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.platform import logs, object_store
from chalicelib.platform.object_store import ObjectStoreFailed, UploadClosed

PREFIX = "_staging/"
"""Not a valid origin name: archives are below their origins' names, and the lifecycle rule must not delete them."""
URL_SECONDS = 3600


class Part(Struct, frozen=True):
    """A received part."""

    number: int
    size: int
    etag: str


class Leftover(Struct, frozen=True):
    """A staged archive or, if `multipart` is its id, a multipart upload that still accepts parts."""

    key: str
    since: datetime
    multipart: str | None


def key_of(upload_id: str) -> str:
    """Return the object key of an upload's staged archive."""
    return f"{PREFIX}{upload_id}.hart"


def upload_id_of(key: str) -> str:
    """Return the id of the upload that a staged archive belongs to."""
    return key.removeprefix(PREFIX).removesuffix(".hart")


def open_multipart(upload_id: str) -> str:
    """Start a multipart upload and return its id in the object store. Raises ObjectStoreFailed."""
    return str(object_store.call("create_multipart_upload", Key=key_of(upload_id))["UploadId"])


def part_url(upload_id: str, multipart: str, number: int) -> str:
    """Return the presigned URL for a PUT of a part, valid for an hour. Computed without a call."""
    return object_store.signed_url("upload_part", URL_SECONDS, **_target(upload_id, multipart), PartNumber=number)


def received(upload_id: str, multipart: str) -> list[Part] | None:
    """Return the received parts, or None if the parts were joined or the upload was aborted.

    One call per thousand parts. Raises ObjectStoreFailed.
    """
    try:
        return list(_parts(upload_id, multipart))
    except UploadClosed:
        return None


def join(upload_id: str, multipart: str) -> None:
    """Join the parts to one object. Idempotent. Raises ObjectStoreFailed."""
    try:
        parts = [{"PartNumber": part.number, "ETag": part.etag} for part in _parts(upload_id, multipart)]
        object_store.call(
            "complete_multipart_upload", **_target(upload_id, multipart), MultipartUpload={"Parts": parts}
        )
    except UploadClosed:
        return


def abort(key: str, multipart: str) -> None:
    """Abort a multipart upload and delete its parts. Idempotent. Raises ObjectStoreFailed."""
    try:
        object_store.call("abort_multipart_upload", Key=key, UploadId=multipart)
    except UploadClosed:
        return


def discard(key: str) -> None:
    """Delete a staged archive. A failure is only logged, because the lifecycle rule deletes the object later."""
    try:
        object_store.call("delete_object", Key=key)
    except ObjectStoreFailed as problem:
        logs.unexpected_error(problem)


def leftovers() -> Iterator[Leftover]:
    """Yield all staged archives, then all multipart uploads, each by key. Raises ObjectStoreFailed."""
    for each in _pages("list_objects_v2", "Contents", {"ContinuationToken": "NextContinuationToken"}):
        yield Leftover(each["Key"], each["LastModified"], None)
    cursor = {"KeyMarker": "NextKeyMarker", "UploadIdMarker": "NextUploadIdMarker"}
    for each in _pages("list_multipart_uploads", "Uploads", cursor):
        yield Leftover(each["Key"], each["Initiated"], each["UploadId"])


def _pages(operation: str, entries: str, cursor: dict[str, str]) -> Iterator[Any]:
    """Yield all entries of a paged operation; `cursor` maps its parameters to the fields of the page before."""
    parameters: dict[str, Any] = {"Prefix": PREFIX}
    while True:
        page = object_store.call(operation, **parameters)
        yield from page.get(entries, ())
        if not page.get("IsTruncated"):
            return
        parameters |= {parameter: page[name] for parameter, name in cursor.items()}


def _parts(upload_id: str, multipart: str) -> Iterator[Part]:
    parameters: dict[str, Any] = _target(upload_id, multipart)
    while True:
        page = object_store.call("list_parts", **parameters)
        for part in page.get("Parts", ()):
            yield Part(part["PartNumber"], part["Size"], part["ETag"])
        if not page.get("IsTruncated"):
            return
        parameters["PartNumberMarker"] = page["NextPartNumberMarker"]


def _target(upload_id: str, multipart: str) -> dict[str, Any]:
    return {"Key": key_of(upload_id), "UploadId": multipart}
