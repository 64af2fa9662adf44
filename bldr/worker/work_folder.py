"""The work folder of a worker: private, used by one worker at a time, and without what a killed worker has left."""

import shutil
import uuid
from pathlib import Path

from bldr.worker import locks
from bldr.worker.errors import WorkerUnusable
from bldr.worker.workspace import Workspace

JOBS = "jobs"
FREE_BYTES = 256 << 20
"""With less free space a worker claims no jobs, because it would fail them."""

_SHARED_MODE = 0o711


def occupy(folder: Path) -> None:
    """Create the folder, keep other workers out of it, and remove the jobs of a worker that was killed.

    These jobs contain secret keys. Raises WorkerUnusable.
    """
    try:
        (folder / JOBS).mkdir(parents=True, exist_ok=True)
        folder.chmod(_SHARED_MODE)
        (folder / JOBS).chmod(_SHARED_MODE)
        if not locks.acquire(folder / "lock"):
            raise WorkerUnusable(
                f"another worker uses the work folder {folder}; give each worker of a machine its own --work-folder"
            )
        for left in (folder / JOBS).iterdir():
            Workspace(left).remove()
    except OSError as problem:
        raise WorkerUnusable(f"the work folder {folder} cannot be used: {problem.strerror}") from None


def problem_of(jobs: Path) -> str | None:
    """Return why the folder of the jobs cannot hold another one at the moment, or None."""
    try:
        trial = jobs / f"trial-{uuid.uuid4()}"
        trial.mkdir(parents=True)
        trial.rmdir()
        free = shutil.disk_usage(jobs).free
    except OSError as problem:
        return f"the work folder {jobs} cannot be written: {problem.strerror}"
    return f"the disk of the work folder {jobs} is full" if free < FREE_BYTES else None
