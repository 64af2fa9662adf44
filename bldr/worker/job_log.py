"""The log of a job: lines are numbered, bounded and sent in chunks by a thread, which outlives restarts of the Builder.

Markers: builds.md 9.2. The first line has number 0.
"""

import re
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bldr.errors import BldrError, RequestRefused
from bldr.worker.bundle import Limits
from bldr.worker.log_text import own_lines, without
from bldr.worker.work_client import ATTEMPT_OVER, JobClient

SEND_SECONDS = 1.0
LONGEST_PAUSE = 10.0
LAST_LINES = 20
LAST_LINES_CHARACTERS = 4000
LAST_LINE_CHARACTERS = 1000

RESERVED_LINES, RESERVED_BYTES = 200, 64 << 10
"""Of the limits of a log, what is kept for the lines of the worker itself."""

BUFFERED_BYTES = 64 << 20
"""Limit of a log, also if the Builder allows more: the worker buffers all lines while the Builder is down."""

LINE_OVERHEAD = 4
"""Bytes of quotes, comma and line end that a line adds to a request."""

_EXPECTED = re.compile(r"next line of the log is ([0-9]{1,9})\b")
"""In the text of a conflict: the number of the line with which the next request must begin."""

LIMIT_REACHED = "[the log has reached its limit; the rest of the output is not kept]"


class JobLog:
    """Collects and sends the lines of one job. Safe for use from several threads."""

    def __init__(self, client: JobClient, limits: Limits, secrets: Sequence[str]) -> None:
        self._client = client
        self._secrets = secrets
        self._chunk_bytes = limits.chunk_bytes
        self._lines_left = max(0, limits.log_lines - RESERVED_LINES)
        self._bytes_left = max(0, min(limits.log_bytes, BUFFERED_BYTES) - RESERVED_BYTES)
        self._own_lines_left, self._own_bytes_left = RESERVED_LINES - 1, RESERVED_BYTES - 1
        self._is_full = False
        self._pending: deque[str] = deque()
        self._pending_bytes = 0
        self._first = 0
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._send_all, name="log", daemon=True)
        self._thread.start()

    def output(self, line: str) -> None:
        """Append a line of a build. The lines beyond the limits of the log are dropped, with one line that says so."""
        line = without(line, self._secrets)
        size = len(line.encode("utf-8", "replace")) + LINE_OVERHEAD
        with self._changed:
            self._last.append(line)
            if self._is_full:
                return
            if self._lines_left < 1 or self._bytes_left < size:
                self._is_full = True
                self._append(LIMIT_REACHED)
                return
            self._lines_left -= 1
            self._bytes_left -= size
            self._append(line)

    def failure(self, text: str) -> None:
        """Append the reason of a failure, which also belongs to the last lines."""
        with self._changed:
            self._last.extend(own_lines(without(text, self._secrets)))
        self.note(text)

    def note(self, text: str) -> None:
        """Append a message of the worker."""
        for line in own_lines(without(text, self._secrets)):
            size = len(line.encode("utf-8", "replace")) + LINE_OVERHEAD
            with self._changed:
                if self._own_lines_left < 1 or self._own_bytes_left < size:
                    return
                self._own_lines_left -= 1
                self._own_bytes_left -= size
                self._append(line)

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Enclose the lines of a step in the markers of its section."""
        self.note(f"builder_log_section::start::{name}")
        try:
            yield
        finally:
            self.note(f"builder_log_section::end::{name}")

    @property
    def last_lines(self) -> str:
        """The last lines of the build."""
        with self._changed:
            text = "\n".join(line[-LAST_LINE_CHARACTERS:] for line in self._last)
        return text[-LAST_LINES_CHARACTERS:]

    def close(self, seconds: float) -> bool:
        """Send the remaining lines; return whether all were sent within a time."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(seconds)
        return not self._thread.is_alive() and not self._pending

    def abandon(self) -> None:
        """Drop all lines that are not sent yet, because the service accepts none any more."""
        with self._changed:
            self._is_closed = True
            self._pending.clear()
            self._changed.notify_all()

    def _append(self, line: str) -> None:
        self._pending.append(line)
        self._pending_bytes += len(line) + LINE_OVERHEAD
        if self._pending_bytes >= self._chunk_bytes:
            self._changed.notify_all()

    def _send_all(self) -> None:
        failures = 0
        while chunk := self._next_chunk():
            try:
                self._send(chunk)
                failures = 0
            except BldrError:
                failures += 1
                time.sleep(min(LONGEST_PAUSE, 0.25 * 2**failures))

    def _next_chunk(self) -> list[str]:
        """Return the next lines to send, after a pause unless there are many. Empty at the end of the log."""
        with self._changed:
            deadline = time.monotonic() + SEND_SECONDS
            while not self._is_closed:
                left = deadline - time.monotonic()
                if self._pending and (left <= 0 or self._pending_bytes >= self._chunk_bytes):
                    break
                self._changed.wait(max(left, 0.01) if left > 0 else SEND_SECONDS)
            return self._fitting()

    def _fitting(self) -> list[str]:
        """The first pending lines that fit into one request; at least one if there are any."""
        chunk: list[str] = []
        size = 0
        for line in self._pending:
            size += len(line.encode("utf-8", "replace")) + LINE_OVERHEAD
            if chunk and size > self._chunk_bytes:
                break
            chunk.append(line)
        return chunk

    def _send(self, chunk: list[str]) -> None:
        """Send a chunk. Raises BldrError if it must be sent again."""
        try:
            self._client.send_log(self._first, chunk)
        except RequestRefused as refusal:
            if refusal.status >= 500 or refusal.status == 429:
                raise
            if refusal.status == 413 and self._chunk_bytes > 1024:
                self._chunk_bytes //= 2
                return
            self._after(refusal)
            return
        self._drop(len(chunk))

    def _after(self, refusal: RequestRefused) -> None:
        """After a conflict, continue with the line that the Builder expects; after another refusal, send no more."""
        expected = _EXPECTED.search(str(refusal)) if refusal.status == 409 else None
        stored = int(expected[1]) - self._first if expected else 0
        if 0 < stored <= len(self._pending):
            self._drop(stored)
            return
        if expected or refusal.status not in ATTEMPT_OVER:
            print(f"the log is not sent any more: {refusal}", file=sys.stderr, flush=True)
        self.abandon()

    def _drop(self, count: int) -> None:
        """Forget lines that the Builder has stored."""
        with self._changed:
            for _ in range(min(count, len(self._pending))):
                self._pending_bytes -= len(self._pending.popleft()) + LINE_OVERHEAD
            self._first += count
