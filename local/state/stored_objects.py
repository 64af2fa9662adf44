"""The objects of a backup: their list, and their contents in files that are named for their checksum."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError
from msgspec import Struct
from s3transfer.manager import TransferConfig, TransferManager

from chalicelib.platform.aws import client
from local.state.folder import create_private

CONCURRENT = 8
_CHUNK = 1024 * 1024
_HEADERS = ("ContentType", "ContentDisposition")


class Listed(Struct, frozen=True):
    """An object in the store. `etag` changes with its content."""

    key: str
    size: int
    etag: str


class Saved(Struct, frozen=True):
    """An object in a backup."""

    key: str
    size: int
    etag: str
    sha256: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """Path of the file with the content, below the folder of the contents."""
        return f"{self.sha256[:2]}/{self.sha256}"


def listed(bucket: str) -> Iterator[Listed]:
    """Yield all objects of a bucket."""
    start: dict[str, str] = {}
    while True:
        page = client("s3").list_objects_v2(Bucket=bucket, **start)
        for each in page.get("Contents", []):
            yield Listed(each["Key"], each["Size"], each["ETag"])
        if not page["IsTruncated"]:
            return
        start = {"ContinuationToken": page["NextContinuationToken"]}


def save(bucket: str, objects: Iterable[Listed], contents: Path, earlier: "Earlier") -> list[Saved]:
    """Save objects, those of an earlier backup as links to its files. Objects that no longer exist are left out."""
    with ThreadPoolExecutor(CONCURRENT) as threads:
        saved = threads.map(lambda each: earlier.linked(each, contents) or _fetched(bucket, each, contents), objects)
        return [each for each in saved if each is not None]


class Earlier:
    """The objects of an earlier backup, if there is one."""

    def __init__(self, backup: Path | None) -> None:
        self._contents = None if backup is None else backup / "objects"
        self._saved = {each.key: each for each in ([] if backup is None else read_list(backup))}

    def linked(self, wanted: Listed, contents: Path) -> Saved | None:
        """Return an object that has not changed since, after linking its file; else None."""
        saved = self._saved.get(wanted.key)
        if self._contents is None or saved is None or (saved.size, saved.etag) != (wanted.size, wanted.etag):
            return None
        target = contents / saved.path
        target.parent.mkdir(exist_ok=True)
        _link_or_copy(self._contents / saved.path, target)
        return saved


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:  # another object with the same content
        return
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _fetched(bucket: str, wanted: Listed, contents: Path) -> Saved | None:
    try:
        answer = client("s3").get_object(Bucket=bucket, Key=wanted.key)
    except ClientError as problem:
        if problem.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise
    partial = contents / f".{hashlib.sha256(wanted.key.encode()).hexdigest()}.partial"
    digest, size = hashlib.sha256(), 0
    with answer["Body"] as body, create_private(partial) as file:
        while chunk := body.read(_CHUNK):
            digest.update(chunk)
            size += file.write(chunk)
    headers = {name: answer[name] for name in _HEADERS if answer.get(name)}
    saved = Saved(wanted.key, size, answer["ETag"], digest.hexdigest(), headers)
    (contents / saved.path).parent.mkdir(exist_ok=True)
    partial.replace(contents / saved.path)
    return saved


def put_back(bucket: str, objects: Iterable[Saved], contents: Path) -> None:
    """Store the objects of a backup in a bucket."""
    with TransferManager(client("s3"), TransferConfig(max_request_concurrency=CONCURRENT)) as transfers:
        uploads = [
            transfers.upload(str(contents / each.path), bucket, each.key, extra_args=each.headers) for each in objects
        ]
        for upload in uploads:
            upload.result()


def differences(bucket: str, objects: Iterable[Saved]) -> list[str]:
    """Return the keys of the objects that a bucket does not have with the same bytes, or has in addition."""
    wanted = {each.key: each.sha256 for each in objects}
    with ThreadPoolExecutor(CONCURRENT) as threads:
        found = dict(threads.map(lambda each: (each.key, _sha256(bucket, each.key)), listed(bucket)))
    return sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))


def _sha256(bucket: str, key: str) -> str:
    digest = hashlib.sha256()
    with client("s3").get_object(Bucket=bucket, Key=key)["Body"] as body:
        while chunk := body.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_list(backup: Path, objects: Iterable[Saved]) -> None:
    """Write the list of the objects of a backup, one per line."""
    with create_private(backup / "objects.jsonl") as file:
        file.writelines(msgspec.json.encode(each) + b"\n" for each in objects)


def read_list(backup: Path) -> list[Saved]:
    """Return the objects of a backup."""
    lines: Any = (backup / "objects.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Saved) for line in lines]
