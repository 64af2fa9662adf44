"""Requests that wait for an event, such as a new job: how many may wait in one process, and how long.

A request that waits occupies a thread. Where a process serves several requests at once, those that wait must not keep
out the others. On Lambda a process serves one request at a time, and each waiting one is a concurrent execution.

A process that must end calls `end`, so that its waiting requests are answered at once.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event

from chalicelib.platform import metrics
from chalicelib.platform.config import config

LONGEST_SECONDS = 20.0
"""A function must answer within 29 s."""

_places: BoundedSemaphore | None = None
_ending = Event()


def limit_places(number: int) -> None:
    """Limit how many requests of this process may wait at once. There is no limit by default."""
    global _places  # noqa: PLW0603 - set once, before the first request
    _places = BoundedSemaphore(number)


@contextmanager
def place(wanted: float) -> Iterator[float]:
    """Yield how many seconds a request may wait in the block: at most what it wants, 0 if too many wait already."""
    seconds = min(wanted, LONGEST_SECONDS, config.wait_seconds)
    places = _places
    if seconds <= 0 or places is None:
        yield max(0.0, seconds)
        return
    if not places.acquire(blocking=False):
        yield 0.0
        return
    try:
        yield seconds
    finally:
        places.release()


def sleep(seconds: float) -> None:
    """Pause a request that waits; return at once when the process must end. The metric `Duration` leaves pauses out."""
    began = time.monotonic()
    _ending.wait(seconds)
    metrics.current().waited_seconds += time.monotonic() - began


def end() -> None:
    """Let the requests of this process wait no longer."""
    _ending.set()


def is_over() -> bool:
    """Return whether requests must not wait any longer, because the process must end."""
    return _ending.is_set()
