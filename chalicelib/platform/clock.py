"""Ids and clock: 63-bit time-ordered ids and strictly increasing UTC times (accounts.md 1.2, packages.md 11)."""

import secrets
import threading
from datetime import UTC, datetime, timedelta

EPOCH_MS = 1_409_266_191_000
_TICK = timedelta(microseconds=1)
_lock = threading.Lock()
_last = datetime.min.replace(tzinfo=UTC)


def now() -> datetime:
    """The time in UTC; within a process every call gives a later microsecond, so that quick events keep their order."""
    global _last  # noqa: PLW0603 - the clock is the one place with a memory of the last tick
    with _lock:
        _last = max(datetime.now(UTC), _last + _TICK)
        return _last


def timestamp(moment: datetime) -> str:
    """A time as clients read it: ISO with microseconds, without a zone (hab's parser refuses one)."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


def new_id(moment: datetime | None = None) -> int:
    """A new 63-bit id: milliseconds above 23 random bits, so ids grow with time and need no coordination.

    1,000 ids in the same millisecond collide with probability 6 %; every id is written under a condition that it is
    new.
    """
    milliseconds = int((moment or now()).timestamp() * 1000) - EPOCH_MS
    return (milliseconds << 23) | secrets.randbits(23)
