"""The heartbeats of a job: a thread renews its lease and turns a cancel, or the loss of the job, into a stop."""

import threading
from types import TracebackType

from bldr.errors import BldrError, RequestRefused
from bldr.worker.stopping import StopReason, StopSignal
from bldr.worker.work_client import ATTEMPT_OVER, JobClient

QUICK_SECONDS = 2.0
"""Pause after a heartbeat that got no answer, if it is shorter than the usual pause."""


class Heartbeats:
    """Sends heartbeats within the `with` block. An unreachable Builder does not stop the job."""

    def __init__(self, client: JobClient, stop: StopSignal, seconds: float) -> None:
        self._client, self._stop, self._seconds = client, stop, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)

    def __enter__(self) -> "Heartbeats":
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._ended.set()

    def _run(self) -> None:
        pause = self._seconds
        while not self._ended.wait(pause):
            pause = self._seconds if self._send() else min(self._seconds, QUICK_SECONDS)

    def _send(self) -> bool:
        """Send a heartbeat; return whether the Builder answered."""
        try:
            if self._client.heartbeat():
                self._stop.request(StopReason.CANCELED)
        except RequestRefused as refusal:
            if refusal.status not in ATTEMPT_OVER:
                return False
            self._stop.request(StopReason.LOST)
        except BldrError:
            return False
        return True
