"""The folder of `make run STATE=folder`: its files, and the lock that lets one stack use it at a time."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

LOCK = "lock"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


class StateUnusable(Exception):
    """The folder cannot be used. The message names it, the cause and what to do, in one line."""


@dataclass(frozen=True)
class StateFolder:
    """The paths below a state folder."""

    path: Path

    @property
    def table(self) -> Path:
        """Folder of DynamoDB Local."""
        return self.path / "table"

    @property
    def objects(self) -> Path:
        """Folder of the object store."""
        return self.path / "objects"

    @property
    def keys(self) -> Path:
        """Folder of the builder key and the signing key of downloads."""
        return self.path / "keys"

    @property
    def signing_key(self) -> Path:
        """File with the key that signs URLs of downloads."""
        return self.keys / "downloads.pem"

    @property
    def credentials(self) -> Path:
        """File with the credentials of both stores."""
        return self.path / "credentials.json"

    @property
    def endpoints(self) -> Path:
        """File in which a running stack names its stores, for a backup."""
        return self.path / "endpoints.json"

    @property
    def incomplete(self) -> Path:
        """Exists while a backup is restored to the folder."""
        return self.path / "restore-incomplete"


class Lock:
    """Exclusive use of a state folder. The kernel releases it when the process and all that inherit it have ended.

    So it needs no clean-up after a kill. The stores inherit it, because they may outlive a killed supervisor for a
    moment.
    """

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The file descriptor that holds the lock."""
        if self._descriptor is None:
            raise ValueError("the lock is not held")
        return self._descriptor

    def take(self) -> bool:
        """Take the lock. Returns False if another process holds it."""
        descriptor = os.open(self._folder.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Release the lock, unless a process that inherited it still runs. Does nothing if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def open_folder(path: str) -> StateFolder:
    """Return a state folder, which is created for this user alone if it does not exist. Raises StateUnusable."""
    folder = StateFolder(Path(path).expanduser().resolve())
    if folder.incomplete.exists():
        raise StateUnusable(f"STATE={path} is a restore that was interrupted; delete the folder and restore it again")
    if not path or not _is_ours_or_empty(folder.path):
        raise StateUnusable(f"STATE={path} has other files; name a new folder or one of `make run STATE=folder`")
    try:
        make_private_folder(folder.path)
        if not os.access(folder.path, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(0, "it belongs to another user")
    except OSError as problem:
        raise StateUnusable(f"STATE={path} cannot be used: {problem.strerror}; name a folder of this user") from problem
    return folder


def existing_folder(path: str) -> StateFolder:
    """Return the state folder of an earlier start. Raises StateUnusable."""
    if not path or not (Path(path).expanduser() / LOCK).exists():
        raise StateUnusable(f"STATE={path} is not a state folder; name the folder of `make run STATE=folder`")
    return open_folder(path)


def _is_ours_or_empty(path: Path) -> bool:
    """Return whether a folder has been used for a state, which begins with the lock, or has no files yet."""
    return not path.is_dir() or (path / LOCK).exists() or not any(path.iterdir())


def make_private_folder(path: Path) -> None:
    """Create a folder that only this user can read, and its parents. An existing one gets the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    path.chmod(PRIVATE_FOLDER)


def write_private(path: Path, content: str) -> None:
    """Write a file that only this user can read, in one step: after a kill or a power failure it is old or new."""
    partial = path.with_name(f".{path.name}.partial")
    with create_private(partial) as file:
        file.write(content.encode())
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    parent = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def create_private(path: Path) -> BinaryIO:
    """Return a new, empty file that only this user can read, opened for writing."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "wb")


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file of the folder. Raises StateUnusable."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as problem:
        raise StateUnusable(f"{path} cannot be read: {problem}; restore it from a backup") from problem
    return content
