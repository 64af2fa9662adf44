"""Ids and clock: time-ordered 63-bit ids and strictly increasing UTC times (accounts.md 1.2, packages.md 11)."""

import secrets
import threading
from datetime import UTC, datetime, timedelta

EPOCH_MS = 1_409_266_191_000
RANDOM_BITS = 23
_TICK = timedelta(microseconds=1)
_lock = threading.Lock()
_last = datetime.min.replace(tzinfo=UTC)


def now() -> datetime:
    """Return the current UTC time, at least a microsecond later than every time returned before in this process.

    Events in quick succession therefore keep their order.
    """
    global _last  # noqa: PLW0603 - the only state of the clock
    with _lock:
        _last = max(datetime.now(UTC), _last + _TICK)
        return _last


def timestamp(moment: datetime) -> str:
    """Return a time as clients read it: ISO 8601 with microseconds and no zone, which hab's parser would refuse."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")


def new_id(moment: datetime | None = None) -> int:
    """Return a new 63-bit id: milliseconds since EPOCH_MS, which last until July 2049, above 23 random bits.

    Ids grow with time and need no coordination. Among 1,000 ids of one millisecond, two are equal with a probability
    of 6 %, so every id is written on the condition that it is new.
    """
    milliseconds = int((moment or now()).timestamp() * 1000) - EPOCH_MS
    return (milliseconds << RANDOM_BITS) | secrets.randbits(RANDOM_BITS)


def first_id(moment: datetime) -> int:
    """Return the smallest id of the millisecond of a time."""
    return (int(moment.timestamp() * 1000) - EPOCH_MS) << RANDOM_BITS


def moment_of(identifier: int) -> datetime:
    """Return the time at which an id was made, to the millisecond."""
    return datetime.fromtimestamp(((identifier >> RANDOM_BITS) + EPOCH_MS) / 1000, UTC)
