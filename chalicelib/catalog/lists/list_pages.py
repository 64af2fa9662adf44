"""Pages of counted lists, read from the rows of the list."""

from itertools import islice
from typing import Any

from chalicelib.catalog.lists.counted_lists import CountedList, Part, Start
from chalicelib.catalog.lists.listed_rows import FIRST_KEY, LAST_KEY, ListedRows
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
    entry may have been added meanwhile. If most entries are hidden from the caller, it may take further calls.
    """
    where = stored.existing if member else stored.public
    part = counted.part(prefix)
    if part is None:
        few = list(rows(stored.kind, stored.pk, begins=prefix, where=where, newest_first=descending))
        return few[offset : None if size is None else offset + size], len(few)
    total = part.total(member)
    start = part.start(offset, member, descending)
    if start is None:
        return [], total
    wanted = total - offset if size is None else size
    page_size = None if size is None else _page_size(part, start, offset, wanted, member, descending)
    return _rows_from(stored, part, start, wanted, where, descending, page_size), total


def _page_size(part: Part, start: Start, offset: int, size: int, member: bool, descending: bool) -> int:
    """Return how many rows probably hold the page: its share of the rows of its blocks, and some more."""
    needed = start.skip + size
    entries, visible = part.extent(offset, size, member, descending)
    return 1 + (needed if entries == visible else min(entries, page_for(needed, entries, visible) or entries))


def _rows_from(
    stored: ListedRows,
    part: Part,
    start: Start,
    size: int,
    where: Condition | None,
    descending: bool,
    page_size: int | None,
) -> list[Any]:
    first = part.first_keys[0] if descending else start.key
    end = start.key if descending else part.end
    within = (first or FIRST_KEY, end or LAST_KEY)
    found = rows(stored.kind, stored.pk, between=within, where=where, newest_first=descending, page=page_size)
    below_end = (row for row in found if row.sk != end)  # `between` includes its end
    return list(islice(below_end, start.skip, start.skip + size))
