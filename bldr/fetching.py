"""Fetching one archive into a file: resumed where it was cut off, checked, and named only when it is whole."""

import time
from pathlib import Path

import requests

from bldr.archives import checksum_of, has_checksum
from bldr.client import Builder
from bldr.errors import ArchiveDamaged, PathUnusable, Unreachable
from bldr.files import put_in_place
from bldr.packages import Described
from bldr.progress import Watch
from bldr.wire import reason

BLOCK_BYTES = 256 << 10


def fetch(builder: Builder, described: Described, path: Path, watch: Watch) -> bool:
    """Fetch an archive unless the file is there with the right bytes; gives whether it was fetched.

    Raises ArchiveDamaged when what comes has another checksum than the Builder says, Unreachable, Refused,
    PathUnusable.
    """
    try:
        if has_checksum(path, described.checksum):
            return False
        part = path.with_name(f".{path.name}.{described.checksum[:16]}.part")
        if _received(builder, described, part, watch):
            put_in_place(part, path)
            return True
    except OSError as problem:
        if isinstance(problem, requests.RequestException):
            raise
        raise PathUnusable(f"{path} cannot be written: {problem.strerror}") from None
    raise ArchiveDamaged(f"{described.package} does not arrive as {builder} describes it; its checksum differs")


def _received(builder: Builder, described: Described, part: Path, watch: Watch) -> bool:
    """Whether the bytes arrived with the right checksum; a resumed part that turns out wrong is fetched anew once."""
    while True:
        resumed = part.exists()
        _receive(builder, described, part, watch)
        if checksum_of(part) == described.checksum:
            return True
        part.unlink()
        if not resumed:
            return False


def _receive(builder: Builder, described: Described, part: Path, watch: Watch) -> None:
    failures = 0
    while True:
        part.touch()
        before = part.stat().st_size
        problem = _stream(builder, described, part, watch)
        if problem is None:
            return
        failures = failures + 1 if part.stat().st_size <= before else 1
        if failures > builder.wire.patience.repeats:
            host = builder.wire.address.host
            raise Unreachable(f"the download of {described.package} from {host} breaks off ({reason(problem)})")
        time.sleep(builder.wire.patience.after(failures))


def _stream(builder: Builder, described: Described, part: Path, watch: Watch) -> requests.RequestException | None:
    """Append what is missing, or begin again if the Builder sends the whole; gives the error that cut it off."""
    start = part.stat().st_size
    with builder.download(described.package, start) as answer:
        if answer.status_code == 416:  # nothing is missing, or more is there than should be: the checksum tells
            return None
        goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        size = _length(answer)
        label = f"fetching {described.package}"
        try:
            with (
                watch.transfer(label, None if size is None else size + (start if goes_on else 0)) as tick,
                part.open("ab" if goes_on else "wb") as file,
            ):
                tick(start if goes_on else 0)
                for block in answer.iter_content(BLOCK_BYTES):
                    file.write(block)
                    tick(len(block))
        except requests.RequestException as problem:
            return problem
    return None


def _length(answer: requests.Response) -> int | None:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isascii() and said.isdecimal() else None
