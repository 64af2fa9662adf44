"""Ids of uploads that were begun, so that a later run of the same command goes on with them; nothing secret."""

import hashlib
import os
from pathlib import Path

from bldr.errors import PathUnusable
from bldr.files import folder, write_whole
from bldr.packages import Described


def cache_folder() -> Path:
    """Where what can be lost is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bldr"


class Remembered:
    """The id of the upload of one archive to one Builder, in a file named after both."""

    def __init__(self, address: str, described: Described, forced: bool) -> None:
        about = f"{address}\n{described.package}\n{described.checksum}\n{forced}"
        name = hashlib.blake2b(about.encode(), digest_size=20).hexdigest()
        self._path = cache_folder() / "uploads" / name

    def upload_id(self) -> str | None:
        """The id, if one was kept."""
        try:
            return self._path.read_text() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise PathUnusable(f"{self._path} cannot be read; remove it, or set XDG_CACHE_HOME") from None

    def keep(self, upload_id: str) -> None:
        """Keep an id. Raises PathUnusable."""
        folder(self._path.parent)
        write_whole(self._path, upload_id.encode())

    def forget(self) -> None:
        """It is done with."""
        self._path.unlink(missing_ok=True)
