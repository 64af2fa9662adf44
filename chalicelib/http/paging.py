"""Paged lists: the envelope, its status, and the three ways in which lists read `range` (packages.md 1.9)."""

from collections.abc import Iterable
from enum import Enum
from typing import Any, Generic, TypeVar

from msgspec import Raw, Struct
from msgspec.json import encode

from chalicelib.core import answer_size
from chalicelib.http.answer import NO_CACHE, Answer, json_answer

PAGE_SIZE = 50
ALL_ROWS = 10_000
"""The most rows of a request for all rows."""

T = TypeVar("T")


class Family(Enum):
    """How a list reads `range`: P as an offset, S as an aligned page, C as an aligned page that repeats `range`."""

    P = "offset"
    S = "aligned page"
    C = "aligned page, raw start"


class Window(Struct, frozen=True):
    """The rows that a client requests."""

    offset: int
    size: int
    shown_start: int


class Page(Struct, Generic[T]):
    """A page of a list. `range_end` is the index of its last row, `total_count` the number of rows on all pages."""

    range_start: int
    range_end: int
    total_count: int
    data: list[T]


def window(family: Family, requested: int) -> Window:
    """Return the rows that a value of `range` requests in a list of a family."""
    if family is Family.P:
        return Window(0, ALL_ROWS, 0) if requested < 0 else Window(requested, PAGE_SIZE, requested)
    start = max(requested, 0)
    aligned = start // PAGE_SIZE * PAGE_SIZE
    return Window(aligned, PAGE_SIZE, aligned if family is Family.S else start)


def page(requested: Window, rows: Iterable[Any], total: int) -> Answer:
    """Return a page of rows in its envelope. Of rows that are too large for one answer, only the first are taken.

    The status is 206 if rows follow, else 200. An empty page shows the total as its end and is always 200, because hab
    would otherwise request the next page without end.
    """
    shown = _fitting(rows)
    end = requested.shown_start + len(shown) - 1 if shown else total
    envelope = Page(requested.shown_start, end, total, shown)
    more_follow = bool(shown) and total > end + 1
    return json_answer(206 if more_follow else 200, envelope, NO_CACHE)


def _fitting(rows: Iterable[Any]) -> list[Raw]:
    """Return the encoded rows, as many as one answer holds, but at least one.

    Only rows of family P can be so large (30 channel names each). Its clients continue at any row.
    """
    fitting: list[bytes] = []
    size = most = measured = 0
    for row in rows:
        encoded = encode(row)
        most += answer_size.most_text_size(encoded)
        if most > answer_size.PLANNED_LIMIT:  # otherwise there is no need to measure
            size += sum(map(answer_size.text_size, [*fitting[measured:], encoded]))
            measured = len(fitting) + 1
            if fitting and size > answer_size.PLANNED_LIMIT:
                break
        fitting.append(encoded)
    return [Raw(each) for each in fitting]


def pages_of(shape: Any) -> dict[int, Any]:
    """Return the `answers` of a paged list whose rows have a shape."""
    return {200: Page[shape], 206: Page[shape]}
