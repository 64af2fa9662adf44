"""Pages of counted lists, read from the rows of the list."""

from functools import partial
from itertools import chain, islice
from typing import Any

from chalicelib.catalog.lists.counted_lists import CountedList
from chalicelib.catalog.lists.listed_rows import FIRST_KEY, LAST_KEY, ListedRows
from chalicelib.core.lists.list_blocks import Stretch
from chalicelib.platform import parallel
from chalicelib.platform.attributes import Condition
from chalicelib.platform.table import page_for, rows


def page(
    stored: ListedRows,
    counted: CountedList,
    prefix: str,
    offset: int,
    size: int | None,
    *,
    member: bool,
    descending: bool = False,
) -> tuple[list[Any], int]:
    """Return a page of the rows below a prefix (all if it is empty) that the caller may see, and their total.

    One Query, which reads up to 128 rows before the page. It filters on the server whatever was counted: a private
    entry may have been added meanwhile. Where many entries are hidden from the caller, they are left out: then it takes
    a Query for each stretch of visible ones, one for each row at most.
    """
    where = stored.existing if member else stored.public
    part = counted.part(prefix)
    if part is None:
        few = list(rows(stored.kind, stored.pk, begins=prefix, where=where, newest_first=descending))
        return few[offset : None if size is None else offset + size], len(few)
    total = part.total(member)
    wanted = total - offset if size is None else size
    skipped, stretches = part.stretches(offset, wanted, member, descending)
    reads, needed = [], skipped + wanted
    for stretch in stretches:
        reads.append(partial(_rows_of, stored, stretch, needed, where, descending))
        needed -= stretch.visible
    found = chain.from_iterable(parallel.each(lambda read: read(), reads))
    return list(islice(found, skipped, skipped + wanted)), total


def _rows_of(stored: ListedRows, stretch: Stretch, needed: int, where: Condition | None, descending: bool) -> list[Any]:
    """Return the first visible rows of a stretch, as many as are needed."""
    within = (stretch.span.first or FIRST_KEY, stretch.span.end or LAST_KEY)
    size = 1 + _page_size(stretch, needed)
    found = rows(stored.kind, stored.pk, between=within, where=where, newest_first=descending, page=size)
    below_end = (row for row in found if row.sk != stretch.span.end)  # `between` includes its end
    return list(islice(below_end, needed))


def _page_size(stretch: Stretch, needed: int) -> int:
    """Return how many rows of a stretch probably hold the visible ones that are needed."""
    if stretch.entries == stretch.visible:
        return needed
    return min(stretch.entries, page_for(needed, stretch.entries, stretch.visible) or stretch.entries)
