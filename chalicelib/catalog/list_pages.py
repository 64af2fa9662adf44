"""Pages of counted lists: the rows of a list from any position on (packages.md 1.9)."""

from collections.abc import Iterator
from itertools import islice

from chalicelib.core.list_blocks import Part
from chalicelib.platform.attributes import Condition
from chalicelib.platform.table import R, page_for, rows

LOWEST, HIGHEST = "\x01", "\U0010ffff"
"""Sort before and after all characters of keys."""


def page(  # noqa: PLR0913 - one read with its options
    kind: type[R],
    pk: str,
    part: Part | None,
    offset: int,
    size: int | None,
    *,
    member: bool,
    where: Condition | None,
    prefix: str = "",
    descending: bool = False,
    counts: tuple[int, int] | None = None,
) -> Iterator[R]:
    """Yield the rows of a page, `size` at most. They are read lazily, mostly with one call.

    part: the part of the list that the page belongs to; None reads from its beginning.
    member: whether `offset` counts what members see.
    where: the filter of what the caller sees. It depends on the caller alone, never on what was counted: a private row
        may be added between the two reads.
    prefix: that of the part.
    counts: without a part, how many rows there are, and how many of them the caller sees.
    """
    start = None if part is None else part.start(offset, member, descending)
    if part is not None and start is None:
        return iter(())
    key, skip = (None, offset) if start is None else (start.key, start.skip)
    end = None if size is None else skip + size
    if part is not None:
        counts = part.total(member=True), part.total(member)
    at_once = end if counts is None else page_for(end, *counts)
    if descending:
        after = key if key is not None and key.startswith(prefix) else None
        found = rows(kind, pk, begins=prefix, newest_first=True, where=where, page=at_once, after=after)
    else:
        first = max(key or LOWEST, prefix)
        found = rows(kind, pk, between=(first, prefix + HIGHEST), where=where, page=at_once)
    return islice(found, skip, end)
