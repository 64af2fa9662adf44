"""Removal of expired uploads that were never completed: their parts, staged archives and rows (platform.md 4.4).

In AWS, the bucket's lifecycle rules and the table's time to live do the same within two days.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from chalicelib.platform.failures import Failures
from chalicelib.uploads import rows, staging

EXPIRED = timedelta(seconds=rows.LIFE_SECONDS) + timedelta(hours=1)
"""One hour more than an upload lives, for an attempt that started in its last minute."""


def remove_expired(enough: Callable[[], bool], failures: Failures) -> int:
    """Remove expired uploads until `enough` returns True, and return how many were removed.

    An upload that fails is skipped; the next run tries it again. Raises ObjectStoreFailed if the staging area
    cannot be listed.
    """
    removed = 0
    for leftover in _expired():
        if enough():
            break
        with failures.skipped():
            removed += _remove(leftover)
    return removed


def _remove(leftover: staging.Leftover) -> bool:
    """Remove what is left of an upload, and return True, unless the upload is still open."""
    upload_id = staging.upload_id_of(leftover.key)
    if rows.is_open(upload_id):  # The engine of the local stack reports no times of multipart uploads.
        return False
    if leftover.multipart is not None:
        staging.abort(leftover.key, leftover.multipart)
    staging.discard(leftover.key)
    rows.delete(upload_id)
    return True


def _expired() -> Iterator[staging.Leftover]:
    end = datetime.now(UTC) - EXPIRED
    return (each for each in staging.leftovers() if each.since < end)
