"""Locks of files that end with the process."""

import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]  # only Windows has no such module

_held: list[int] = []
"""The open files of the locks."""


def acquire(path: Path) -> bool:
    """Lock a file until the end of the process. Returns False if it is locked already. Raises OSError.

    Windows does not have this kind of lock: always True.
    """
    if fcntl is None:
        return True
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _held.append(descriptor)
    return True
