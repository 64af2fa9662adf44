"""Waiting for another thread or process. The limits are far longer than any such work takes, so only a hang fails."""

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds. For time-outs of sockets, processes and events as well."""


def until(holds: Callable[[], bool], within: float = PATIENCE) -> bool:
    """Return True as soon as a condition holds, False if it never does."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
