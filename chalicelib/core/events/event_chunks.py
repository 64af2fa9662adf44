"""Changes of a chunk of the index of events: new events, and new states of packages. No I/O."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Protocol

from msgspec import Struct

from chalicelib.core.events.event_columns import Column, Facts, Kind, Names, StoredPage
from chalicelib.core.events.event_entries import DAY, EventEntry, PackageState, name_of, release_hash

PAGE = 150
"""Events of a page. Pages of 4 KB cost one read unit."""

CHUNK = 4_500
"""Events of a chunk. The names of one take 8 KB if all of 12,000 names are as frequent, and the hashes 4 KB."""

Load = Callable[[StoredPage], list[EventEntry]]
Arrival = tuple[EventEntry, PackageState]


class NewPage(Struct, frozen=True):
    """A page that is not stored yet."""

    entries: list[EventEntry]

    @property
    def count(self) -> int:
        """The number of events."""
        return len(self.entries)

    @property
    def first(self) -> int:
        """The time of the first event."""
        return self.entries[0].time

    @property
    def last(self) -> int:
        """The time of the last event."""
        return self.entries[-1].time


Page = StoredPage | NewPage


class Chunk:
    """A chunk while it changes: its pages, and per event the day, the kind, the name's number and a hash.

    `replaced` are the stored pages that it no longer has.
    """

    def __init__(
        self, pages: list[Page], days: list[int], kinds: list[Kind], names: list[int], hashes: bytearray
    ) -> None:
        self.pages = pages
        self.days = days
        self.kinds = kinds
        self.names = names
        self.hashes = hashes
        self.replaced: list[StoredPage] = []

    @classmethod
    def empty(cls) -> "Chunk":
        """Return a chunk without events."""
        return cls([], [], [], [], bytearray())

    @classmethod
    def of(cls, facts: Facts, names: Names, hashes: bytes) -> "Chunk":
        """Return a stored chunk."""
        numbers = list(names.column.numbers)
        return cls([*facts.pages], facts.day_of_each, facts.kind_of_each, numbers, bytearray(hashes))

    def insert(self, arrivals: Iterable[Arrival], number_of: Callable[[str], int], load: Load) -> bool:
        """Add events with the states of their idents; events that exist already stay. Returns False if nothing changed.

        `number_of` returns the number of a name, `load` the events of a stored page.
        """
        by_page: dict[int, list[Arrival]] = {}
        for arrival in arrivals:
            by_page.setdefault(page_for(self.pages, arrival[0].time), []).append(arrival)
        changed = [self._insert_into(page, by_page[page], number_of, load) for page in sorted(by_page, reverse=True)]
        return any(changed)

    def set_states(self, states: Mapping[str, PackageState], numbers: Mapping[str, int], load: Load) -> bool:
        """Change the kinds of the events of some idents. Returns False if nothing changed. See `pages_with`."""
        changed = False
        begins = self._begins()
        for index in self._candidates(states, numbers):
            page = self.pages[index]
            for position, entry in enumerate(_entries(page, load), start=begins[index]):
                if entry.ident in states and (kind := Kind.of(entry, states[entry.ident])) != self.kinds[position]:
                    self.kinds[position] = kind
                    changed = True
        return changed

    def pages_for(self, arrivals: Iterable[Arrival]) -> Iterator[StoredPage]:
        """Yield the stored pages that `insert` may load."""
        for number in sorted({page_for(self.pages, entry.time) for entry, _ in arrivals}):
            if number < len(self.pages) and isinstance(page := self.pages[number], StoredPage):
                yield page

    def pages_with(self, idents: Collection[str], numbers: Mapping[str, int]) -> Iterator[StoredPage]:
        """Yield the stored pages that may have events of some idents. `numbers`: of their names, if they have one."""
        for index in self._candidates(idents, numbers):
            if isinstance(page := self.pages[index], StoredPage):
                yield page

    def split(self) -> Iterator["Chunk"]:
        """Yield chunks of at most CHUNK events, or of one page."""
        start = position = 0
        while start < len(self.pages):
            stop, count = start + 1, self.pages[start].count
            while stop < len(self.pages) and count + self.pages[stop].count <= CHUNK:
                count += self.pages[stop].count
                stop += 1
            events = slice(position, position + count)
            yield Chunk(
                self.pages[start:stop], self.days[events], self.kinds[events], self.names[events], self.hashes[events]
            )
            start, position = stop, position + count

    def facts(self, stored: list[StoredPage]) -> Facts:
        """Return the facts of the chunk once its pages are stored."""
        return Facts.of(stored, self.days, self.kinds)

    def stored_names(self) -> Names:
        """Return the column of names."""
        return Names(Column.of(self.names))

    def _insert_into(
        self, number: int, arrivals: Sequence[Arrival], number_of: Callable[[str], int], load: Load
    ) -> bool:
        begin = sum(page.count for page in self.pages[:number])
        is_last = number >= len(self.pages) - 1
        page = self.pages[number] if self.pages else None
        if page is not None and is_last and page.count >= PAGE and min(e.time for e, _ in arrivals) > page.last:
            begin, number, page = begin + page.count, number + 1, None  # a full page does not change
        count = 0 if page is None else page.count
        known = [] if page is None else _entries(page, load)
        kinds = self.kinds[begin : begin + count]
        merged = {entry.order: (entry, kind) for entry, kind in zip(known, kinds, strict=True)}
        for entry, state in arrivals:
            merged.setdefault(entry.order, (entry, Kind.of(entry, state)))
        if len(merged) == count:
            return False
        events = [merged[order] for order in sorted(merged)]
        entries, replaced = [entry for entry, _ in events], slice(begin, begin + count)
        if isinstance(page, StoredPage):
            self.replaced.append(page)
        self.pages[number : number + (page is not None)] = list(_pages(entries, fill=is_last))
        self.kinds[replaced] = [kind for _, kind in events]
        self.days[replaced] = [entry.time // DAY for entry in entries]
        self.names[replaced] = [number_of(entry.name) for entry in entries]
        self.hashes[replaced] = bytes(release_hash(entry.ident) for entry in entries)
        return True

    def _begins(self) -> list[int]:
        """The position at which each page begins, and the number of events."""
        return [0, *accumulate(page.count for page in self.pages)]

    def _candidates(self, idents: Collection[str], numbers: Mapping[str, int]) -> list[int]:
        """Return the indexes of the pages with an event of the name and the hash of an ident."""
        hashes: dict[int, set[int]] = {}
        for ident in idents:
            number = numbers.get(name_of(ident))
            if number is not None:
                hashes.setdefault(number, set()).add(release_hash(ident))
        begins = self._begins()
        found = (at for at, number in enumerate(self.names) if number in hashes and self.hashes[at] in hashes[number])
        return sorted({bisect_right(begins, position) - 1 for position in found})


class Timed(Protocol):
    """A page or a chunk."""

    @property
    def first(self) -> int:
        """The time of the first event."""


def page_for(pages: Sequence[Timed], time: int) -> int:
    """Return the index of the page to which an event of a time belongs: the last that does not begin later, or 0."""
    return max(bisect_right(pages, time, key=lambda page: page.first) - 1, 0)


def _entries(page: Page, load: Load) -> list[EventEntry]:
    return page.entries if isinstance(page, NewPage) else load(page)


def _pages(entries: list[EventEntry], fill: bool) -> Iterator[NewPage]:
    """Yield pages of at most PAGE events, full ones if `fill`, else of equal size. Equal times stay together."""
    number = -(-len(entries) // PAGE)
    size = PAGE if fill else -(-len(entries) // number)
    begin = 0
    bounds = [at for at, (earlier, later) in enumerate(pairwise(entries), start=1) if earlier.time != later.time]
    while begin < len(entries):
        at = bisect_right(bounds, begin + size)
        end = bounds[at - 1] if at and bounds[at - 1] > begin else bounds[at] if at < len(bounds) else len(entries)
        if len(entries) - begin <= size:
            end = len(entries)
        yield NewPage(entries[begin:end])
        begin = end
