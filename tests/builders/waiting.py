"""Waiting for another thread or process. The limits are far longer than the work takes, so only a hang reaches them."""

import time
from collections.abc import Callable

PATIENCE = 60.0
"""In seconds. Also the timeout of sockets, processes and events."""


def until(holds: Callable[[], bool], within: float = PATIENCE) -> bool:
    """Return True as soon as a condition holds, False if it never does."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
