"""Fetching an archive over lines that break, and from servers that lie."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bldr.address import Address
from bldr.client import Builder
from bldr.configuration import Credentials
from bldr.errors import ArchiveDamaged, Unreachable
from bldr.fetching import BLOCK_BYTES, fetch
from bldr.packages import Described, Package
from bldr.progress import Tick
from bldr.wire import Wire
from chalicelib.core.target import Target
from tests.bldr.conftest import IMPATIENT
from tests.bldr.test_wire import in_turn
from tests.builders.hart import a_hart
from tests.builders.http_double import HttpDouble, Scripted, http_double

HART = a_hart(payload=random.Random(1).randbytes(600_000))
DESCRIBED = Described(Package(HART.ident, Target(HART.target)), HART.checksum)
SIZE = len(HART.content)


class Counting:
    """Counts the bytes that it is told of."""

    def __init__(self) -> None:
        self.passed = 0

    def say(self, line: str) -> None:
        """Not asked for."""

    @contextmanager
    def transfer(self, label: str, size: int | None) -> Iterator[Tick]:
        """Count anew."""
        self.passed, self.size = 0, size

        def tick(count: int) -> None:
            self.passed += count

        yield tick


@pytest.fixture
def double() -> Iterator[HttpDouble]:
    """A server that answers as told."""
    with http_double() as running:
        yield running


@pytest.fixture
def builder(double: HttpDouble) -> Builder:
    """A client of it."""
    return Builder(Wire(Credentials(Address.parse(double.url), None), IMPATIENT))


def whole(content: bytes = HART.content, **headers: str) -> Scripted:
    return Scripted(200, content, headers)


def broken_off(content: bytes, of: int, status: int = 200, **headers: str) -> Scripted:
    """An answer that announces more bytes than come."""
    return Scripted(status, content, {"Content-Length": str(of), **headers})


def rest_from(start: int, content: bytes = HART.content) -> Scripted:
    return Scripted(206, content[start:], {"Content-Range": f"bytes {start}-{SIZE - 1}/{SIZE}"})


def part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{HART.checksum[:16]}.part")


def test_a_broken_line_is_taken_up_where_it_broke(double, builder, tmp_path):
    watch, path = Counting(), tmp_path / "x.hart"
    in_turn(double, broken_off(HART.content[:300_000], SIZE), rest_from(BLOCK_BYTES))

    assert fetch(builder, DESCRIBED, path, watch)
    assert path.read_bytes() == HART.content
    assert double.asked[1].headers["Range"] == f"bytes={BLOCK_BYTES}-"
    assert (watch.passed, watch.size) == (SIZE, SIZE)
    assert list(tmp_path.iterdir()) == [path]


def test_a_server_without_ranges_sends_it_all_again(double, builder, tmp_path):
    path = tmp_path / "x.hart"
    in_turn(double, broken_off(HART.content[:300_000], SIZE), whole())

    assert fetch(builder, DESCRIBED, path, Counting())
    assert path.read_bytes() == HART.content


def test_a_later_run_goes_on_with_what_an_earlier_left(double, builder, tmp_path):
    path = tmp_path / "x.hart"
    part_of(path).write_bytes(HART.content[:700])
    in_turn(double, rest_from(700))

    assert fetch(builder, DESCRIBED, path, Counting())
    assert double.asked[0].headers["Range"] == "bytes=700-"
    assert path.read_bytes() == HART.content


def test_what_an_earlier_run_left_whole_needs_no_more_bytes(double, builder, tmp_path):
    path = tmp_path / "x.hart"
    part_of(path).write_bytes(HART.content)
    in_turn(double, Scripted(416))

    assert fetch(builder, DESCRIBED, path, Counting())


def test_a_wrong_beginning_is_thrown_away_once(double, builder, tmp_path):
    path = tmp_path / "x.hart"
    part_of(path).write_bytes(b"?" * 700)
    in_turn(double, rest_from(700), whole())

    assert fetch(builder, DESCRIBED, path, Counting())
    assert path.read_bytes() == HART.content


def test_wrong_bytes_get_no_name(double, builder, tmp_path):
    path = tmp_path / "x.hart"
    in_turn(double, whole(HART.content[:-1] + b"?"))

    with pytest.raises(ArchiveDamaged, match="checksum differs"):
        fetch(builder, DESCRIBED, path, Counting())
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_keeps_breaking_ends_it_and_keeps_what_came(double, builder, tmp_path):
    path = tmp_path / "x.hart"
    nothing = broken_off(b"", 5, 206, **{"Content-Range": f"bytes {BLOCK_BYTES}-"})
    in_turn(double, broken_off(HART.content[:300_000], SIZE), *[nothing] * 3)

    with pytest.raises(Unreachable, match="breaks off"):
        fetch(builder, DESCRIBED, path, Counting())
    assert not path.exists()
    assert part_of(path).read_bytes() == HART.content[:BLOCK_BYTES]


def test_what_is_there_is_not_asked_for(double, builder, tmp_path):
    path = tmp_path / "x.hart"
    path.write_bytes(HART.content)

    assert not fetch(builder, DESCRIBED, path, Counting())
    assert double.asked == []


def test_other_bytes_under_the_name_are_replaced(double, builder, tmp_path):
    path = tmp_path / "x.hart"
    path.write_bytes(b"old")
    in_turn(double, whole())

    assert fetch(builder, DESCRIBED, path, Counting())
    assert path.read_bytes() == HART.content
