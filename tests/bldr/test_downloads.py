"""Downloads that are interrupted or damaged."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bldr.address import Address
from bldr.client import Builder
from bldr.config import Credentials
from bldr.downloads import BLOCK_BYTES, download_archive
from bldr.errors import ArchiveDamaged, Unreachable
from bldr.http_transport import HttpTransport
from bldr.packages import Package, PackageDetails
from bldr.progress import Advance
from chalicelib.core.target import Target
from tests.bldr.builders import respond_in_turn
from tests.bldr.command_line import FAST_RETRIES
from tests.builders.hart import a_hart
from tests.builders.http_double import HttpDouble, Scripted

HART = a_hart(payload=random.Random(1).randbytes(600_000))
DETAILS = PackageDetails(Package(HART.ident, Target(HART.target)), HART.checksum)
SIZE = len(HART.content)


class ByteCounter:
    """A progress reporter that counts the bytes of the last transfer."""

    def __init__(self) -> None:
        self.received = 0
        self.size: int | None = None

    def report(self, line: str) -> None:
        """Ignore the line."""

    @contextmanager
    def transfer(self, label: str, size: int | None) -> Iterator[Advance]:
        """Start to count from 0."""
        self.received, self.size = 0, size

        def advance(count: int) -> None:
            self.received += count

        yield advance


@pytest.fixture
def builder(double: HttpDouble) -> Builder:
    """A client of the scripted server."""
    return Builder(HttpTransport(Credentials(Address.parse(double.url), None), FAST_RETRIES))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path to download to."""
    return tmp_path / "x.hart"


def a_complete_response(content: bytes = HART.content) -> Scripted:
    return Scripted(200, content)


def an_interrupted_response(content: bytes, length: int, status: int = 200, **headers: str) -> Scripted:
    """A response whose Content-Length is larger than its body."""
    return Scripted(status, content, {"Content-Length": str(length), **headers})


def a_partial_response(start: int) -> Scripted:
    return Scripted(206, HART.content[start:], {"Content-Range": f"bytes {start}-{SIZE - 1}/{SIZE}"})


def part_of(path: Path) -> Path:
    """The temporary file of an unfinished download."""
    return path.with_name(f".{path.name}.{HART.checksum[:16]}.part")


def test_an_interrupted_transfer_is_resumed(double: HttpDouble, builder: Builder, path: Path) -> None:
    progress = ByteCounter()
    respond_in_turn(double, an_interrupted_response(HART.content[:300_000], SIZE), a_partial_response(BLOCK_BYTES))

    assert download_archive(builder, DETAILS, path, progress)
    assert path.read_bytes() == HART.content
    assert double.received[1].headers["Range"] == f"bytes={BLOCK_BYTES}-"
    assert (progress.received, progress.size) == (SIZE, SIZE)
    assert list(path.parent.iterdir()) == [path]


def test_a_server_without_ranges_sends_the_whole_archive_again(
    double: HttpDouble, builder: Builder, path: Path
) -> None:
    respond_in_turn(double, an_interrupted_response(HART.content[:300_000], SIZE), a_complete_response())

    assert download_archive(builder, DETAILS, path, ByteCounter())
    assert path.read_bytes() == HART.content


def test_a_later_run_resumes_the_part_of_an_earlier_run(double: HttpDouble, builder: Builder, path: Path) -> None:
    part_of(path).write_bytes(HART.content[:700])
    respond_in_turn(double, a_partial_response(700))

    assert download_archive(builder, DETAILS, path, ByteCounter())
    assert double.received[0].headers["Range"] == "bytes=700-"
    assert path.read_bytes() == HART.content


def test_a_complete_part_of_an_earlier_run_is_used(double: HttpDouble, builder: Builder, path: Path) -> None:
    part_of(path).write_bytes(HART.content)
    respond_in_turn(double, Scripted(416))

    assert download_archive(builder, DETAILS, path, ByteCounter())


def test_a_damaged_part_is_downloaded_again_once(double: HttpDouble, builder: Builder, path: Path) -> None:
    part_of(path).write_bytes(b"?" * 700)
    respond_in_turn(double, a_partial_response(700), a_complete_response())

    assert download_archive(builder, DETAILS, path, ByteCounter())
    assert path.read_bytes() == HART.content


def test_an_archive_with_a_wrong_checksum_leaves_no_file(double: HttpDouble, builder: Builder, path: Path) -> None:
    respond_in_turn(double, a_complete_response(HART.content[:-1] + b"?"))

    with pytest.raises(ArchiveDamaged, match="checksum differs"):
        download_archive(builder, DETAILS, path, ByteCounter())
    assert list(path.parent.iterdir()) == []


def test_the_received_part_is_kept_when_retries_are_used_up(double: HttpDouble, builder: Builder, path: Path) -> None:
    no_progress = an_interrupted_response(b"", 5, 206, **{"Content-Range": f"bytes {BLOCK_BYTES}-"})
    respond_in_turn(double, an_interrupted_response(HART.content[:300_000], SIZE), *[no_progress] * 3)

    with pytest.raises(Unreachable, match="was interrupted"):
        download_archive(builder, DETAILS, path, ByteCounter())
    assert not path.exists()
    assert part_of(path).read_bytes() == HART.content[:BLOCK_BYTES]


def test_an_existing_archive_is_not_downloaded(double: HttpDouble, builder: Builder, path: Path) -> None:
    path.write_bytes(HART.content)

    assert not download_archive(builder, DETAILS, path, ByteCounter())
    assert double.received == []


def test_an_existing_file_with_different_bytes_is_replaced(double: HttpDouble, builder: Builder, path: Path) -> None:
    path.write_bytes(b"old")
    respond_in_turn(double, a_complete_response())

    assert download_archive(builder, DETAILS, path, ByteCounter())
    assert path.read_bytes() == HART.content
