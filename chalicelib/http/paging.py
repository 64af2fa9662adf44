"""Paged lists: the envelope, its status, and the three ways a `range` is understood (packages.md 1.9)."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from chalicelib.http.answer import NO_CACHE, Answer, json_answer

PAGE_SIZE = 50


class Family(Enum):
    """How a list reads `range`: P an offset, S an aligned page, C an aligned page that shows `range` as given."""

    P = "offset"
    S = "aligned page"
    C = "aligned page, raw start"


class Window(NamedTuple):
    """Which rows a client asks for. `size` None means all of them."""

    offset: int
    size: int | None
    shown_start: int


def window(family: Family, asked: int) -> Window:
    """The rows that `range` asks for in a family."""
    if family is Family.P:
        return Window(0, None, 0) if asked < 0 else Window(asked, PAGE_SIZE, asked)
    start = max(asked, 0)
    aligned = start // PAGE_SIZE * PAGE_SIZE
    return Window(aligned, PAGE_SIZE, aligned if family is Family.S else start)


def page(wanted: Window, rows: Sequence[Any], total: int) -> Answer:
    """The envelope with 206 exactly when rows follow; an empty page shows the total as its end and is 200."""
    end = wanted.shown_start + len(rows) - 1 if rows else total
    envelope = {"range_start": wanted.shown_start, "range_end": end, "total_count": total, "data": list(rows)}
    more_follow = bool(rows) and total > end + 1
    return json_answer(206 if more_follow else 200, envelope, NO_CACHE)
