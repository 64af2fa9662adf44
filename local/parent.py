"""Ends a process when its parent ends, even if the parent was killed and could not clean up."""

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 1.0


PARENT = "LOCAL_PARENT_PID"
"""The variable with which a parent tells a child its process id."""


def end_with_parent(parent: int | None = None, number: int = signal.SIGTERM) -> None:
    """Send SIGTERM or another signal to this process when its parent ends, at once if it has ended already.

    `parent` is the id of the parent, by default that in the environment. If it is not known, the end of a parent that
    has ended before this call is not noticed.
    """
    parent = parent or int(os.environ.get(PARENT) or os.getppid())
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent ended before prctl took effect, for example during our imports
            os.kill(os.getpid(), number)
    else:
        threading.Thread(target=_watch, args=(parent, number), daemon=True).start()


def _watch(parent: int, number: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os.kill(os.getpid(), number)
