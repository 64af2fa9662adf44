"""The text of a job's log: lines, colours, limits, and the index of an archived log (builds.md 3.3, 14)."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.json import encode

from chalicelib.core import answer_size

LOG_LINES = 100_000
"""The most lines of a log. The worker ends a longer log with a line that says so."""

LOG_BYTES = 32_000_000
MORE_LINES, MORE_BYTES = 2_000, 1_000_000
"""What every attempt of a job may write, however long the log of earlier attempts is."""

LINE_CHARACTERS = 16_000
CHUNK_BYTES = 200_000
"""The most bytes of the lines that a worker sends at once."""

PAGE_BYTES = answer_size.PLANNED_LIMIT - 1_000
"""The most bytes of the lines of one answer, in the form in which a function returns them."""

INDEX_STEP = 64_000
"""Bytes of an archived log between two entries of its index."""

_COLOR = r"[\x1b\x9b][\[()#;?]*(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-nqry=><]"


class Position(Struct, frozen=True, array_like=True):
    """Where a line of an archived log begins."""

    line: int
    offset: int


def without_color(line: str) -> str:
    """Return a line without ANSI sequences."""
    return re.sub(_COLOR, "", line)


def is_chunk(lines: Sequence[str]) -> bool:
    """Return whether a worker may send these lines at once: not too many bytes, and no line end within a line."""
    if sum(len(line.encode(errors="surrogatepass")) + 1 for line in lines) > CHUNK_BYTES:
        return False
    return all(len(line) <= LINE_CHARACTERS and "\n" not in line for line in lines)


def fitting(lines: Iterable[str], color: bool) -> tuple[list[str], bool]:
    """Return the lines that one answer holds, with or without colours, and whether these are all."""
    taken: list[str] = []
    size = 0
    for line in lines:
        shown = line if color else without_color(line)
        size += answer_size.text_size(encode(shown)) + 1
        if taken and size > PAGE_BYTES:
            return taken, False
        taken.append(shown)
    return taken, True


def index_of(lines: Iterable[str]) -> tuple[bytes, int, list[Position]]:
    """Return the content of an archived log, the number of its lines, and its index."""
    content, index, number = bytearray(), [Position(0, 0)], 0
    for line in lines:
        if len(content) - index[-1].offset >= INDEX_STEP:
            index.append(Position(number, len(content)))
        content += line.encode(errors="replace") + b"\n"
        number += 1
    return bytes(content), number, index


def position_before(index: Sequence[Position], line: int) -> Position:
    """Return the last position of an index that is not after a line."""
    return index[max(0, bisect_right(index, line, key=lambda position: position.line) - 1)]
