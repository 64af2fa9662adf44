"""A local stack that the demonstration starts and ends."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

READY = re.compile(r"export HAB_BLDR_URL=(\S+) HAB_AUTH_TOKEN=(\S+)")


class StackFailed(Exception):
    """The stack did not start."""


class DemoStack:
    """A running stack: its URL, and the token of its first user."""

    def __init__(self, process: "subprocess.Popen[str]", url: str, token: str) -> None:
        self._process, self.url, self.token = process, url, token

    def wait(self) -> None:
        """Wait until the stack ends, or Ctrl-C."""
        self._process.wait()


@contextmanager
def running_stack() -> Iterator[DemoStack]:
    """Start the stack as `make run` does, and end it after the block. Raises StackFailed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        env={**os.environ, "PYTHONUNBUFFERED": "1", "BLDR_WORKER": "on"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield _started(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _started(process: "subprocess.Popen[str]") -> DemoStack:
    lines = []
    output: Iterable[str] = process.stdout or ()
    for line in output:
        lines.append(line)
        found = READY.search(line)
        if found is not None:
            threading.Thread(target=_drop, args=(output,), daemon=True).start()
            return DemoStack(process, found[1], found[2])
    raise StackFailed("the stack did not start:\n" + "".join(lines))


def _drop(output: Iterable[str]) -> None:
    """Read the further output of the stack, so that it never waits for a reader."""
    for _ in output:
        pass
