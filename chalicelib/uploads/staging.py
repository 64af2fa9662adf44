"""Where the parts of an upload are until they become an artifact: a multipart upload, then an object below `_staging/`.

What is left there goes after a day by the bucket's lifecycle rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.platform import logs, object_store
from chalicelib.platform.object_store import ObjectStoreFailed, UploadClosed

PREFIX = "_staging/"
"""No origin is called so, and archives stand below their origin's name: the lifecycle rule must not reach these."""
URL_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is there."""

    number: int
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something below `_staging/`: an archive, or with `multipart` an upload that still takes parts."""

    key: str
    since: datetime
    multipart: str | None


def key_of(upload_id: str) -> str:
    """Where the joined parts stand."""
    return f"{PREFIX}{upload_id}.hart"


def upload_id_of(key: str) -> str:
    """The upload that an object below `_staging/` belongs to."""
    return key.removeprefix(PREFIX).removesuffix(".hart")


def open_multipart(upload_id: str) -> str:
    """Begin to take parts; gives the object store's id for it. Raises ObjectStoreFailed."""
    return str(object_store.call("create_multipart_upload", Key=key_of(upload_id))["UploadId"])


def part_url(upload_id: str, multipart: str, number: int) -> str:
    """Where a part can be PUT for an hour, without any other credential. Signed here, without a call."""
    place = {"Key": key_of(upload_id), "UploadId": multipart, "PartNumber": number}
    return object_store.signed_url("upload_part", URL_SECONDS, **place)


def received(upload_id: str, multipart: str) -> list[Part] | None:
    """The parts that are there, or None when no more are taken: they were joined, or the upload was given up.

    One call per thousand parts. Raises ObjectStoreFailed.
    """
    try:
        return list(_parts(upload_id, multipart))
    except UploadClosed:
        return None


def join(upload_id: str, multipart: str) -> None:
    """Make one object of the parts; one that was made already is left. Raises ObjectStoreFailed."""
    try:
        parts = [{"PartNumber": part.number, "ETag": part.etag} for part in _parts(upload_id, multipart)]
        place = {"Key": key_of(upload_id), "UploadId": multipart}
        object_store.call("complete_multipart_upload", **place, MultipartUpload={"Parts": parts})
    except UploadClosed:
        return


def give_up(key: str, multipart: str) -> None:
    """Take no more parts and forget those that are there; a repeat does nothing. Raises ObjectStoreFailed."""
    try:
        object_store.call("abort_multipart_upload", Key=key, UploadId=multipart)
    except UploadClosed:
        return


def discard(key: str) -> None:
    """Remove a staged archive; what does not go now goes by the lifecycle rule."""
    try:
        object_store.call("delete_object", Key=key)
    except ObjectStoreFailed as problem:
        logs.unexpected_error(problem)


def leftovers() -> Iterator[Leftover]:
    """All staged archives and open uploads of parts, oldest ids first. Raises ObjectStoreFailed."""
    for each in _pages("list_objects_v2", "Contents", {"ContinuationToken": "NextContinuationToken"}):
        yield Leftover(each["Key"], each["LastModified"], None)
    following = {"KeyMarker": "NextKeyMarker", "UploadIdMarker": "NextUploadIdMarker"}
    for each in _pages("list_multipart_uploads", "Uploads", following):
        yield Leftover(each["Key"], each["Initiated"], each["UploadId"])


def _pages(operation: str, listed: str, following: dict[str, str]) -> Iterator[Any]:
    place: dict[str, Any] = {"Prefix": PREFIX}
    while True:
        page = object_store.call(operation, **place)
        yield from page.get(listed, ())
        if not page.get("IsTruncated"):
            return
        place |= {parameter: page[name] for parameter, name in following.items()}


def _parts(upload_id: str, multipart: str) -> Iterator[Part]:
    place: dict[str, Any] = {"Key": key_of(upload_id), "UploadId": multipart}
    while True:
        page = object_store.call("list_parts", **place)
        for part in page.get("Parts", ()):
            yield Part(part["PartNumber"], part["Size"], part["ETag"])
        if not page.get("IsTruncated"):
            return
        place["PartNumberMarker"] = page["NextPartNumberMarker"]
