"""The time that one request may lose to failed AWS calls and write conflicts before it fails with 503.

A request has 29 s, and the work itself may need most of that time. All calls of a request charge their failed
attempts, and the pauses after these, to one budget; the last attempt is bounded by its own timeout (aws.py). So an
outage costs a request less than ten seconds.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SECONDS = 5.0
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
"""The longest pauses after failures of AWS: the first one, which doubles, and the last one."""

CONFLICT_PAUSE, SHORTER, SHORTEST_PAUSE = 0.8, 0.8, 0.1
"""The longest pause after the second conflict, how it changes with each further one, and the least that it becomes.

A request that has met many others tries more often than those that have just begun, so that it is not refused before
them (docs/DECISIONS.md).
"""

sleep = time.sleep
clock = time.monotonic


class RetryBudget:
    """The time that failed attempts may still take."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._left = seconds

    def pause(self, attempts: int, lost: float = 0.0, *, conflicts: bool = False) -> bool:
        """Sleep before the next attempt and return True, or return False if the budget is spent.

        Back-off with jitter, exponential unless the attempts failed because of other writers (`conflicts`). `attempts`
        is the number of attempts that have failed, `lost` the duration of the last one in seconds.
        """
        longest = _after_conflicts(attempts) if conflicts else _after_failures(attempts)
        pause = random.uniform(0, longest)  # noqa: S311 - jitter needs no secrecy
        self._left -= lost + pause
        if self._left < 0:
            return False
        sleep(pause)
        return True


def _after_failures(attempts: int) -> float:
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts - 1, 10))


def _after_conflicts(attempts: int) -> float:
    return FIRST_PAUSE if attempts == 1 else max(SHORTEST_PAUSE, CONFLICT_PAUSE * SHORTER ** (attempts - 2))


_shared: ContextVar[RetryBudget | None] = ContextVar("retry_budget", default=None)
_ends_on_conflict: ContextVar[bool] = ContextVar("ends_on_conflict", default=False)


def current() -> RetryBudget:
    """Return the budget that the calls of this context share, or a new one for a single call."""
    return _shared.get() or RetryBudget()


@contextmanager
def shared_budget() -> Iterator[RetryBudget]:
    """Let all calls inside the block share one budget: that of the enclosing block if there is one."""
    with _set(current()) as budget:
        yield budget


@contextmanager
def single_try() -> Iterator[None]:
    """Make only one attempt of each call inside the block; for work that is optional."""
    with _set(RetryBudget(0.0)):
        yield


@contextmanager
def without_conflict_retries() -> Iterator[None]:
    """Do not repeat calls inside the block that fail only because other writers use their rows."""
    token = _ends_on_conflict.set(True)
    try:
        yield
    finally:
        _ends_on_conflict.reset(token)


def ends_on_conflict() -> bool:
    """Return whether a call that conflicts with other writers is not repeated."""
    return _ends_on_conflict.get()


@contextmanager
def _set(budget: RetryBudget) -> Iterator[RetryBudget]:
    token = _shared.set(budget)
    try:
        yield budget
    finally:
        _shared.reset(token)
