"""Repeat a request to the Builder as a build step must: ten retries, a minute apart (builds.md 9.2)."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from bldr.errors import BldrError, RequestRefused, ResponseMalformed, Unreachable
from bldr.http_transport import RETRYABLE
from bldr.worker.stopping import StopSignal

T = TypeVar("T")


class StepRetries(Struct, frozen=True):
    """How often to repeat a request of a build step, and the seconds between two attempts."""

    retries: int = 10
    seconds: float = 60.0


def with_retries(retries: StepRetries, stop: StopSignal, task: Callable[[], T], note: Callable[[str], None]) -> T:
    """Return the result of a task, repeated while the Builder is unreachable or has an internal problem.

    A refusal that a repeat cannot change is raised at once. Raises the last BldrError, or Stopped.
    """
    for attempt in range(retries.retries + 1):
        stop.check()
        try:
            return task()
        except BldrError as problem:
            if attempt == retries.retries or not _is_temporary(problem):
                raise
            note(f"{problem}; next attempt in {retries.seconds:g} s")
        stop.wait(retries.seconds)
    raise AssertionError("unreachable")


def _is_temporary(problem: BldrError) -> bool:
    if isinstance(problem, RequestRefused):
        return problem.status in RETRYABLE
    return isinstance(problem, Unreachable | ResponseMalformed)
