"""The users that run builds if the worker is root. They need no entries in /etc/passwd.

Each worker of a machine has a user of its own. With a common one, a build could read and change the files of others,
the end of a build would kill the processes of others, and all would share the limit of the number of processes.
"""

from functools import cache
from pathlib import Path

from bldr.worker import locks
from bldr.worker.errors import WorkerUnusable

USERS = range(64321, 64385)
LOCKS = Path("/run/bldr-worker")
"""A lock for each user that a worker occupies. Only root can write this folder."""


def occupy() -> int:
    """Return the id of a user that no other worker of this machine has until this process ends.

    Raises WorkerUnusable.
    """
    try:
        LOCKS.mkdir(mode=0o700, exist_ok=True)
        free = (user for user in USERS if locks.acquire(LOCKS / str(user)))
        user = next(free, None)
    except OSError as problem:
        raise WorkerUnusable(f"the folder {LOCKS} cannot be used: {problem.strerror}") from None
    if user is None:
        raise WorkerUnusable(f"{len(USERS)} workers run on this machine as root already; more are not possible")
    return user


own = cache(occupy)
"""Returns the user of this process."""


def killer_of(user: int) -> int:
    """Return the user that only the program has that kills the processes of a build user."""
    return user + len(USERS)
