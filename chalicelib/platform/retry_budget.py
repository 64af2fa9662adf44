"""How much time a request may lose to faults of AWS, and to others who get in between, before it ends as a 503.

API Gateway waits 29 s, and the work of a request may take most of them. What failed tries and the pauses after them
took is counted for all calls of a request together; the last try ends by its own time limit (aws.py). So whatever is
broken costs less than ten seconds.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SECONDS = 5.0
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0

sleep = time.sleep
clock = time.monotonic


class RetryBudget:
    """What is left of the time that may be lost."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._left = seconds

    def pause(self, tries: int, lost: float = 0.0) -> bool:
        """Wait before the next try, longer from try to try and never as long as others do.

        `tries` is how many have failed, `lost` how many seconds the last one took. False when no other may follow.
        """
        pause = random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(tries - 1, 10)))  # noqa: S311 - jitter
        self._left -= lost + pause
        if self._left < 0:
            return False
        sleep(pause)
        return True


_of_request: ContextVar[RetryBudget | None] = ContextVar("patience", default=None)


def current() -> RetryBudget:
    """The patience of the request under way; outside of any it is a new one, for one call."""
    return _of_request.get() or RetryBudget()


@contextmanager
def bounded() -> Iterator[RetryBudget]:
    """All calls inside share one patience: that of the request around it, if there is one."""
    with _set(current()) as patience:
        yield patience


@contextmanager
def none() -> Iterator[None]:
    """Calls inside are tried once; for what a request can do without."""
    with _set(RetryBudget(0.0)):
        yield


@contextmanager
def _set(patience: RetryBudget) -> Iterator[RetryBudget]:
    before = _of_request.set(patience)
    try:
        yield patience
    finally:
        _of_request.reset(before)
