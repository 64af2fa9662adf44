"""Writing files so that a reader, or a later run, finds a whole one or none; and reading a piece of one as a body."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from bldr.errors import PathUnusable
from bldr.progress import Tick, no_tick

BLOCK_BYTES = 256 << 10


def folder(path: Path) -> Path:
    """Make a folder that may be there already. Raises PathUnusable."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise PathUnusable(f"the folder {path} cannot be made: {problem.strerror}") from None
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file in one step. Raises PathUnusable."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        put_in_place(Path(temporary), path)
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be written: {problem.strerror}") from None


def copy_whole(source: Path, path: Path) -> None:
    """Copy a file so that it appears in one step. Raises PathUnusable."""
    part = path.with_name(f".{path.name}.part")
    try:
        shutil.copyfile(source, part)
        put_in_place(part, path)
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be written: {problem.strerror}") from None


def put_in_place(written: Path, path: Path) -> None:
    """Give a finished file its name once its bytes are on the disk, readable as other files are."""
    with written.open("rb") as file:
        os.fsync(file.fileno())
    written.chmod(0o666 & ~_umask())
    written.replace(path)


class Slice:
    """A piece of a file as the body of a request; reading and going back are told to `tick`."""

    def __init__(self, path: Path, start: int, size: int, tick: Tick = no_tick) -> None:
        self._path, self._start, self._size, self._tick = path, start, size, tick
        self._at = 0

    def __enter__(self) -> "Slice":
        self._file = self._path.open("rb")
        self._file.seek(self._start)
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._file.close()
        if kind is not None:
            self._tick(-self._at)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read(BLOCK_BYTES):
            yield block

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the piece."""
        left = self._size - self._at
        block = self._file.read(left if size < 0 else min(size, left))
        self._at += len(block)
        self._tick(len(block))
        return block

    def tell(self) -> int:
        """How many bytes of the piece were read."""
        return self._at

    def seek(self, position: int) -> int:
        """Read on from somewhere else, counted from the beginning of the piece."""
        self._file.seek(self._start + position)
        self._tick(position - self._at)
        self._at = position
        return position


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
