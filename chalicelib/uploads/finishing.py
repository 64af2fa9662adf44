"""Publishing an upload whose parts are all there: the same checks and the same publication as of a raw POST.

An attempt may end anywhere. Its steps, each of which a later attempt finds done or does again:
1. Join the parts; when that was done already, no parts are open any more.
2. Read the staged archive once and check it. A refusal is written to the upload, for good.
3. Copy it to its final place, on the store's side. An attempt that ends here leaves an object that no row names.
4. Write the package with the mark that this upload is done, in one transaction.
5. Remove the staged archive; if that does not happen, the bucket's lifecycle rule does it.
Only one attempt works at a time: it gives signs of life, and without them for a minute another may begin.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast

from chalicelib.catalog.errors import OriginMissing
from chalicelib.packages import artifacts
from chalicelib.packages.errors import (
    ArchiveRefused,
    ReleaseExists,
    TargetUnsupported,
)
from chalicelib.packages.upload import Upload, publish
from chalicelib.platform import logs, object_store
from chalicelib.platform.change import Change
from chalicelib.platform.object_store import ObjectMissing, ObjectStoreFailed
from chalicelib.platform.table import StoreUnavailable
from chalicelib.uploads import rows as store
from chalicelib.uploads import staging
from chalicelib.uploads.errors import AttemptLost, UploadMissing
from chalicelib.uploads.rows import UploadRow

REFUSALS = (ArchiveRefused, TargetUnsupported, ReleaseExists, OriginMissing, UploadMissing)
"""What ends an upload for good."""

FAILURES = (ObjectStoreFailed, StoreUnavailable)
"""What ends an attempt; another may succeed."""

SIGN_OF_LIFE_SECONDS = 10


def finish(upload_id: str, attempt: int) -> None:
    """One attempt at publishing an upload. How it ended is in the upload's row, whoever waits reads it there."""
    try:
        row = store.find(upload_id)
        if row.is_open and row.attempt == attempt:
            _attempt(row)
    except (UploadMissing, AttemptLost):
        return  # given up, or another attempt took over


def problem_of(row: UploadRow) -> Exception:
    """The error that ended an upload or the last attempt at it."""
    kinds = {kind.__name__: kind for kind in (*REFUSALS, *FAILURES)}
    return kinds[row.problem or ""](*filter(None, [row.said]))


def _attempt(row: UploadRow) -> None:
    announced = Upload(row.release, row.announced_target, row.checksum, row.forced, int(row.uploader_id))
    try:
        staging.join(row.id, row.multipart)
        publish(announced, Staged(row, _Pulse(partial(store.renew, row))))
    except REFUSALS as refusal:
        store.refuse(row, refusal)
    except FAILURES as failure:
        logs.unexpected_error(failure)
        store.let_go(row, failure)
        return
    staging.discard(staging.key_of(row.id))


class _Pulse:
    """Gives a sign of life every few seconds of work."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._due = time.monotonic() + SIGN_OF_LIFE_SECONDS

    def __call__(self) -> None:
        if time.monotonic() >= self._due:
            self._beat()
            self._due = time.monotonic() + SIGN_OF_LIFE_SECONDS


@dataclass(frozen=True, slots=True)
class Staged:
    """An archive in the object store below `_staging/`; the source of a publication."""

    row: UploadRow
    pulse: _Pulse

    def open(self) -> BinaryIO:
        """The joined parts. Raises UploadMissing when they are gone, and while reading ObjectStoreFailed."""
        try:
            stream = artifacts.stream(staging.key_of(self.row.id))
        except ObjectMissing as problem:
            raise UploadMissing from problem
        return cast(BinaryIO, _Read(stream, self.pulse))

    def store(self, key: str) -> None:
        """Copy them to their final place, without a byte through us."""
        artifacts.copy(staging.key_of(self.row.id), key, self.pulse)

    def settle(self, change: Change) -> None:
        """Mark the upload as published. The transaction raises AttemptLost when another attempt took over."""
        store.settle(change, self.row)


@dataclass(frozen=True, slots=True)
class _Read:
    stream: object_store.Stream
    pulse: _Pulse

    def read(self, size: int) -> bytes:
        self.pulse()
        return self.stream.read(size)
