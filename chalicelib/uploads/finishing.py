"""Publication of an upload whose parts are all received, with the same checks as a raw POST of the archive.

Only one attempt works on an upload at a time: it holds the upload's lease and renews it with a heartbeat. An attempt
may be interrupted at any point; the next one repeats the steps that are not done:
1. Join the parts. If they are joined already, the multipart upload no longer exists.
2. Read and check the staged archive. A refusal is stored in the upload's row and is final.
3. Copy the archive to its final key, within the object store. An interruption here leaves an object without a row.
4. Write the package and mark the upload as published, in one transaction.
5. Delete the staged archive. If that fails, the bucket's lifecycle rule does it.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, cast

from msgspec import Struct

from chalicelib.catalog.errors import OriginMissing, RoleLost
from chalicelib.packages import artifacts
from chalicelib.packages.errors import (
    ArchiveRefused,
    CycleClosed,
    ReleaseExists,
    TargetUnsupported,
)
from chalicelib.packages.upload import publish
from chalicelib.packages.upload_checks import Upload
from chalicelib.platform import logs, object_store
from chalicelib.platform.change import Change
from chalicelib.platform.object_store import ObjectMissing, ObjectStoreFailed
from chalicelib.platform.table import StoreUnavailable
from chalicelib.uploads import rows, staging
from chalicelib.uploads.errors import LeaseLost, UploadMissing
from chalicelib.uploads.rows import UploadRow

REFUSALS = (ArchiveRefused, CycleClosed, TargetUnsupported, ReleaseExists, OriginMissing, RoleLost, UploadMissing)
"""Errors that end an upload for good."""

FAILURES = (ObjectStoreFailed, StoreUnavailable)
"""Errors that end an attempt; another attempt may succeed."""

HEARTBEAT_SECONDS = 10


def finish(upload_id: str, attempt: int) -> None:
    """Carry out one attempt at publishing an upload, if it still holds the lease. The row stores the result."""
    try:
        row = rows.find(upload_id)
        if row.is_open and row.attempt == attempt:
            _attempt(row)
    except (UploadMissing, LeaseLost):
        return


def error_of(row: UploadRow) -> Exception:
    """Return the error that ended an upload or its last attempt."""
    kinds: dict[str, Callable[..., Exception]] = {kind.__name__: kind for kind in (*REFUSALS, *FAILURES)}
    return kinds[row.error or ""](*filter(None, [row.error_text]))


def _attempt(row: UploadRow) -> None:
    announced = Upload(
        row.release,
        row.announced_target,
        row.checksum,
        row.forced,
        int(row.uploader_id),
        row.permission,
        is_from_worker=row.is_from_worker,
    )
    try:
        staging.join(row.id, row.multipart)
        publish(announced, StagedArchive(row, _Heartbeat(partial(rows.renew_lease, row))))
    except REFUSALS as refusal:
        rows.refuse(row, refusal)
    except FAILURES as failure:
        logs.unexpected_error(failure)
        rows.release_lease(row, failure)
        return
    staging.discard(staging.key_of(row.id))


class _Heartbeat:
    """Calls a function every few seconds. The work calls the heartbeat much more often."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._due = time.monotonic() + HEARTBEAT_SECONDS

    def __call__(self) -> None:
        if time.monotonic() >= self._due:
            self._beat()
            self._due = time.monotonic() + HEARTBEAT_SECONDS


class StagedArchive(Struct, frozen=True):
    """An archive below `_staging/` as the source of a publication."""

    row: UploadRow
    heartbeat: _Heartbeat

    def open(self) -> BinaryIO:
        """Return a stream of the joined parts. Raises UploadMissing if they are missing, ObjectStoreFailed on reads."""
        try:
            stream = artifacts.stream(staging.key_of(self.row.id))
        except ObjectMissing as problem:
            raise UploadMissing from problem
        return cast(BinaryIO, _Stream(stream, self.heartbeat))

    def store(self, key: str) -> None:
        """Copy the archive to its final key, within the object store."""
        artifacts.copy(staging.key_of(self.row.id), key, self.heartbeat)

    def settle(self, change: Change) -> None:
        """Mark the upload as published in the change that publishes it; the commit raises LeaseLost."""
        rows.settle(change, self.row)


class _Stream(Struct, frozen=True):
    """A stream of the object store that calls the heartbeat at every read."""

    stream: object_store.Stream
    heartbeat: _Heartbeat

    def read(self, size: int) -> bytes:
        self.heartbeat()
        return self.stream.read(size)
