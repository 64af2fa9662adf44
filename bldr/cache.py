"""The cache folder, and the ids of unfinished multipart uploads in it. Nothing in it is secret."""

import hashlib
import os
from pathlib import Path

from bldr.errors import PathUnusable
from bldr.files import make_folder, write_atomically
from bldr.packages import PackageDetails


def cache_folder() -> Path:
    """Return the folder for files that may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bldr"


class CachedUploadId:
    """The id of the multipart upload of one archive to one Builder, so that a later run can resume it."""

    def __init__(self, address: str, details: PackageDetails, forced: bool) -> None:
        key = f"{address}\n{details.package}\n{details.checksum}\n{forced}"
        name = hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
        self._path = cache_folder() / "uploads" / name

    def read(self) -> str | None:
        """Return the id, or None if none is cached. Raises PathUnusable."""
        try:
            return self._path.read_text() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise PathUnusable(f"{self._path} cannot be read; delete it, or set XDG_CACHE_HOME") from None

    def write(self, upload_id: str) -> None:
        """Store an id. Raises PathUnusable."""
        make_folder(self._path.parent)
        write_atomically(self._path, upload_id.encode())

    def delete(self) -> None:
        """Delete the id if one is cached."""
        self._path.unlink(missing_ok=True)
