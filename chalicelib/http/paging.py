"""Paged lists: the envelope, its status, and the three ways in which lists read `range` (packages.md 1.9)."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Generic, TypeVar

from msgspec import Struct

from chalicelib.http.answer import NO_CACHE, Answer, json_answer

PAGE_SIZE = 50

T = TypeVar("T")


class Family(Enum):
    """How a list reads `range`: P as an offset, S as an aligned page, C as an aligned page that repeats `range`."""

    P = "offset"
    S = "aligned page"
    C = "aligned page, raw start"


class Window(Struct, frozen=True):
    """The rows that a client requests. A `size` of None means all rows."""

    offset: int
    size: int | None
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
        return Window(0, None, 0) if requested < 0 else Window(requested, PAGE_SIZE, requested)
    start = max(requested, 0)
    aligned = start // PAGE_SIZE * PAGE_SIZE
    return Window(aligned, PAGE_SIZE, aligned if family is Family.S else start)


def page(requested: Window, rows: Sequence[Any], total: int) -> Answer:
    """Return a page of rows in its envelope.

    The status is 206 if rows follow, else 200. An empty page shows the total as its end and is always 200, because hab
    would otherwise request the next page for ever.
    """
    end = requested.shown_start + len(rows) - 1 if rows else total
    envelope = Page(requested.shown_start, end, total, list(rows))
    more_follow = bool(rows) and total > end + 1
    return json_answer(206 if more_follow else 200, envelope, NO_CACHE)


def pages_of(shape: Any) -> dict[int, Any]:
    """Return the `answers` of a paged list whose rows have a shape."""
    return {200: Page[shape], 206: Page[shape]}
