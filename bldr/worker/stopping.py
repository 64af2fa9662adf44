"""The request to stop a job: why it came, and the exception that ends the work on the job."""

import threading
from enum import StrEnum


class StopReason(StrEnum):
    """Why a job stops before its end."""

    CANCELED = "canceled"
    SHUTTING_DOWN = "the worker shuts down"
    LOST = "the job was given to another worker or has ended"
    TIMED_OUT = "the time limit of the job has passed"


class Stopped(Exception):
    """The work on a job ended because a stop was requested."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


class StopSignal:
    """A request to stop one job. The first reason counts. Safe for use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._reason: StopReason | None = None

    @property
    def reason(self) -> StopReason | None:
        """Why the job must stop, or None if it may continue."""
        return self._reason

    def request(self, reason: StopReason) -> None:
        """Request a stop. Does nothing if one was requested already."""
        with self._lock:
            if self._reason is None:
                self._reason = reason
                self._event.set()

    def check(self) -> None:
        """Raise Stopped if a stop was requested."""
        if self._reason is not None:
            raise Stopped(self._reason)

    def wait(self, seconds: float) -> None:
        """Wait for a time. Raises Stopped as soon as a stop is requested."""
        self._event.wait(seconds)
        self.check()
