"""The list of events: the index of events, with the events of the inbox among its own.

All events of the requested days get a flag, whether the caller may see them and the filter matches. So totals and
positions are exact, and only the pages that hold the events of the answer are read.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate

from msgspec import Struct

from chalicelib.catalog.events import event_index
from chalicelib.catalog.events.event_index import Root
from chalicelib.core.events import event_columns
from chalicelib.core.events.event_chunks import Chunk, page_for
from chalicelib.core.events.event_columns import Facts, Kind
from chalicelib.core.events.event_entries import DAY, EventEntry, PackageState
from chalicelib.core.search.search_terms import Terms

MOST_CHUNKS = 450
"""Chunks that a request reads, two million events. Older ones of the days are neither shown nor counted."""

Sees = Callable[[Kind], bool]


class InboxEvent(Struct, frozen=True):
    """An event of the inbox with the state of its ident."""

    entry: EventEntry
    state: PackageState


class Listing:
    """The events of some days (since 1970, both included) that a caller sees and terms match.

    - `arrived`: events of the inbox, some of which the index may have.
    - `changed`: states of idents that may differ from those in the index.
    - `sees`: whether the caller sees events of a kind.

    Raises Stale if a fold has deleted a row of this root meanwhile.
    """

    def __init__(
        self,
        root: Root,
        days: tuple[int, int],
        arrived: Iterable[InboxEvent],
        changed: Mapping[str, PackageState],
        sees: Sees,
        terms: Terms | None,
    ) -> None:
        first, last = days
        heads = [head for head in root.heads if head.last // DAY >= first and head.first // DAY <= last]
        self._heads = heads[-MOST_CHUNKS:]
        names = None
        if terms or changed:
            self._facts, names = event_index.read_with_names(root, self._heads, with_hashes=bool(changed))
        else:
            self._facts = event_index.facts_of(self._heads)
        self._begins = [0, *accumulate(head.count for head in self._heads)]
        self._pages: dict[int, list[EventEntry]] = {}
        if names is not None and changed:
            self._facts = self._with_states(names, changed)
        self._flags = b"".join(self._flags_of(facts, days, sees) for facts in self._facts)
        if names is not None and terms is not None:
            matching = event_columns.name_flags(names.dictionary, terms)
            self._flags = event_columns.both(self._flags, b"".join(each.column.mask(matching) for each in names.names))
        self._missing = self._placed(
            event
            for event in arrived
            if first <= event.entry.time // DAY <= last
            and sees(Kind.of(event.entry, event.state))
            and (terms is None or terms.match(event_columns.tokens_of_name(event.entry.name)))
        )

    @property
    def total(self) -> int:
        """The number of events."""
        return self._flags.count(1) + len(self._missing)

    def page(self, offset: int, size: int) -> list[EventEntry]:
        """Return some events, newest first, then by ident descending."""
        chosen: list[EventEntry | int] = []
        stop = len(self._flags)
        for position, entry in [*reversed(self._missing), (0, None)]:
            wanted = size - len(chosen)
            chosen += event_columns.newest(self._flags, position, stop, offset, wanted)
            offset = max(0, offset - self._flags.count(1, position, stop))
            stop = position
            if entry is not None and len(chosen) < size:
                if offset:
                    offset -= 1
                else:
                    chosen.append(entry)
        self._load(position for position in chosen if isinstance(position, int))
        return [each if isinstance(each, EventEntry) else self._entry(each) for each in chosen]

    def _flags_of(self, facts: Facts, days: tuple[int, int], sees: Sees) -> bytes:
        flags = facts.flags(sees)
        start, stop = facts.between(*days)
        return bytes(start) + flags[start:stop] + bytes(len(flags) - stop)

    def _with_states(self, names: event_index.ChunkNames, changed: Mapping[str, PackageState]) -> list[Facts]:
        """Return the facts with other states of some idents."""
        numbers = names.numbers
        chunks = [
            Chunk.of(facts, chunk_names, hashes)
            for facts, chunk_names, hashes in zip(self._facts, names.names, names.hashes, strict=True)
        ]
        self._read(page for chunk in chunks for page in chunk.pages_with(changed, numbers))
        for chunk in chunks:
            chunk.set_states(changed, numbers, lambda page: self._pages[page.id])
        return [chunk.facts(facts.pages) for chunk, facts in zip(chunks, self._facts, strict=True)]

    def _placed(self, arrived: Iterable[InboxEvent]) -> list[tuple[int, EventEntry]]:
        """Return the events that the index lacks in order, each with the number of events before it in the index."""
        unique = {event.entry.order: event.entry for event in arrived}
        entries = [unique[order] for order in sorted(unique)]
        pages = [self._page_around(entry.time) for entry in entries]
        self._read(self._facts[place[0]].pages[place[1]] for place in pages if place is not None)
        placed = []
        for entry, place in zip(entries, pages, strict=True):
            position, is_known = self._position(entry, place)
            if not is_known:
                placed.append((position, entry))
        return placed

    def _page_around(self, time: int) -> tuple[int, int] | None:
        """Return the chunk and the page whose first and last event are not on one side of a time, or None."""
        if not self._heads:
            return None
        chunk = page_for(self._heads, time)
        pages = self._facts[chunk].pages
        number = page_for(pages, time)
        page = pages[number]
        return (chunk, number) if page.first <= time <= page.last else None

    def _position(self, entry: EventEntry, place: tuple[int, int] | None) -> tuple[int, bool]:
        """Return the number of older events in the index, and whether the index has the event."""
        if place is None:
            return self._first_after(entry.time), False
        chunk, number = place
        pages = self._facts[chunk].pages
        begin = self._begins[chunk] + sum(page.count for page in pages[:number])
        entries = self._pages[pages[number].id]
        older = sum(each.order < entry.order for each in entries)
        return begin + older, older < len(entries) and entries[older].order == entry.order

    def _first_after(self, time: int) -> int:
        """Return the position of the first event after a time that is between two pages."""
        position = 0
        for head, facts in zip(self._heads, self._facts, strict=True):
            if head.last <= time:
                position += head.count
                continue
            return position + sum(page.count for page in facts.pages if page.last <= time)
        return position

    def _load(self, positions: Iterable[int]) -> None:
        places = [self._place(position) for position in positions]
        self._read(self._facts[chunk].pages[page] for chunk, page, _ in places)

    def _entry(self, position: int) -> EventEntry:
        chunk, page, at = self._place(position)
        return self._pages[self._facts[chunk].pages[page].id][at]

    def _place(self, position: int) -> tuple[int, int, int]:
        """Return the chunk, the page in it, and the place in the page of the event at a position."""
        chunk = _last_at_most(self._begins, position)
        begins = [0, *accumulate(page.count for page in self._facts[chunk].pages)]
        within = position - self._begins[chunk]
        page = _last_at_most(begins, within)
        return chunk, page, within - begins[page]

    def _read(self, pages: Iterable[event_columns.StoredPage]) -> None:
        missing = [page for page in pages if page.id not in self._pages]
        if missing:
            self._pages.update(event_index.pages(missing))


def _last_at_most(begins: Sequence[int], position: int) -> int:
    return bisect_right(begins, position) - 1
