"""What a killed worker leaves in its work folder: checkouts, and the secret keys of origins."""

import os
from pathlib import Path

from bldr.worker.workspace import Workspace

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def hold_folder(work_folder: Path) -> int | None:
    """Remove the workspaces of workers that were killed, and mark the folder as used until this process ends.

    Does not remove anything while another worker uses the same folder. Returns the descriptor of the lock, which the
    system releases when the process ends, or None on Windows, where nothing is removed. Raises OSError.
    """
    if fcntl is None:
        return None
    lock = os.open(work_folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(lock, fcntl.LOCK_SH)
        return lock
    for folder in work_folder.iterdir():
        if folder.name.isdecimal():
            Workspace(folder).remove()
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock
