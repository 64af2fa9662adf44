"""Local files: text with or without a byte order mark, atomic writes, and slices of files as request bodies."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from bldr.errors import PathUnusable
from bldr.progress import Advance, ignore_progress

BLOCK_BYTES = 256 << 10


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file without a byte order mark, which editors on Windows write.

    Raises OSError, UnicodeDecodeError.
    """
    return path.read_text(encoding="utf-8-sig")


def make_folder(path: Path) -> Path:
    """Create a folder and its parents unless it exists; return its path. Raises PathUnusable."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise PathUnusable(f"the folder {path} cannot be created: {problem.strerror}") from None
    return path


def write_atomically(path: Path, content: bytes) -> None:
    """Write or replace a file in one step. Raises PathUnusable."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        move_into_place(Path(temporary), path)
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be written: {problem.strerror}") from None


def copy_atomically(source: Path, path: Path) -> None:
    """Copy a file so that the copy appears in one step. Raises PathUnusable."""
    part = path.with_name(f".{path.name}.part")
    try:
        shutil.copyfile(source, part)
        move_into_place(part, path)
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be written: {problem.strerror}") from None


def move_into_place(temporary: Path, path: Path) -> None:
    """Flush a finished temporary file to disk, give it the default permissions and rename it."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.chmod(0o666 & ~_umask())
    temporary.replace(path)


class FileSlice:
    """A byte range of a file as a request body. It reports to `advance` how many bytes were read or rewound."""

    def __init__(self, path: Path, start: int, size: int, advance: Advance = ignore_progress) -> None:
        self._path, self._start, self._size, self._advance = path, start, size, advance
        self._position = 0

    def __enter__(self) -> "FileSlice":
        self._file = self._path.open("rb")
        self._file.seek(self._start)
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._file.close()
        if kind is not None:
            self._advance(-self._position)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read(BLOCK_BYTES):
            yield block

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes of the slice; all that remain if `size` is negative."""
        remaining = self._size - self._position
        block = self._file.read(remaining if size < 0 else min(size, remaining))
        self._position += len(block)
        self._advance(len(block))
        return block

    def tell(self) -> int:
        """Return the position in the slice."""
        return self._position

    def seek(self, position: int) -> int:
        """Move to a position in the slice and return it. A retry of the request starts with this."""
        self._file.seek(self._start + position)
        self._advance(position - self._position)
        self._position = position
        return position


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
