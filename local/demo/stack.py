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


OVERRIDDEN = ("AWS_", "HAB_FUNC_TEST", "BLDR_GROUP_MACHINE", "BLDR_JOB_MACHINE", "BLDR_SCHEDULES")
"""Beginnings of variables with which the stack would keep its state elsewhere, or would not build."""


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
def running_stack(isolates_builds: bool) -> Iterator[DemoStack]:
    """Start the stack as `make run` does, and end it after the block. Raises StackFailed.

    It has an engine of its own, and a worker, whatever the environment says. On a machine that cannot isolate builds,
    the worker trusts the plans, which are those of the demonstration.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OVERRIDDEN)}
    worker = "on" if isolates_builds else "unisolated"
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        env={**inherited, "PYTHONUNBUFFERED": "1", "BLDR_WORKER": worker, "BLDR_GIT_SOURCES": "file:///"},
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
    raise StackFailed("the Builder did not start:\n" + "".join(lines).rstrip())


def _drop(output: Iterable[str]) -> None:
    """Read the further output of the stack, so that it never waits for a reader."""
    for _ in output:
        pass
