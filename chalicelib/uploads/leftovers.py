"""Uploads that nobody completed: their parts, staged archives and rows go when they have expired (platform.md 4.4).

In AWS the bucket's lifecycle rules and the table's time to live do the same, within two days.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from chalicelib.uploads import rows as store
from chalicelib.uploads import staging

EXPIRED = timedelta(seconds=store.LIFE_SECONDS) + timedelta(hours=1)
"""An hour for an attempt that began in an upload's last minute."""


def remove_expired(enough: Callable[[], bool]) -> int:
    """Forget expired uploads until `enough` says so, and give their number.

    Raises ObjectStoreFailed, StoreUnavailable.
    """
    removed = 0
    for leftover in _old():
        if enough():
            break
        upload_id = staging.upload_id_of(leftover.key)
        if store.is_alive(upload_id):  # the engine of the local stack knows no times of multipart uploads
            continue
        if leftover.multipart is not None:
            staging.give_up(leftover.key, leftover.multipart)
        staging.discard(leftover.key)
        store.forget(upload_id)
        removed += 1
    return removed


def _old() -> Iterator[staging.Leftover]:
    end = datetime.now(UTC) - EXPIRED
    return (each for each in staging.leftovers() if each.since < end)
