"""Columns of the index of events: what filters, totals and positions need, in a few bytes per event."""

import re
import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain, groupby, repeat
from operator import itemgetter

import msgspec
from msgspec import Struct

from chalicelib.core.events.event_entries import EventEntry, PackageState
from chalicelib.core.search.search_terms import Terms, tokens_of


class Kind(Struct, frozen=True, array_like=True, gc=False):
    """What decides whether an event is shown: its channel, and who sees the packages of its ident.

    `origin` and `requester` are empty for public packages: everyone sees their events.
    """

    channel: str
    state: PackageState
    origin: str = ""
    requester: int = 0

    @classmethod
    def of(cls, entry: EventEntry, state: PackageState) -> "Kind":
        """Return the kind of an event whose ident is in a state."""
        if state is PackageState.PUBLIC:
            return cls(entry.channel, state)
        return cls(entry.channel, state, entry.ident.partition("/")[0], entry.requester_id)


class Column(Struct, frozen=True):
    """A number per event. The first plane has the lowest eight bits of each, the next plane the next eight."""

    planes: list[bytes]

    @classmethod
    def of(cls, numbers: Sequence[int]) -> "Column":
        """Return the column of some numbers below 2^32."""
        bits = max(8, max(numbers, default=0).bit_length())
        return cls([bytes(number >> shift & 255 for number in numbers) for shift in range(0, bits, 8)])

    @classmethod
    def unpacked(cls, planes: list[bytes]) -> "Column":
        """Return the column with compressed planes."""
        return cls([zlib.decompress(plane) for plane in planes])

    def packed(self) -> list[bytes]:
        """Return the compressed planes. Each is compressed apart, because their bytes differ in frequency."""
        return [zlib.compress(plane, 9) for plane in self.planes]

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers, one per event."""
        if len(self.planes) == 1:
            return self.planes[0]
        width = 2 if len(self.planes) == 2 else 4
        interleaved = bytearray(width * len(self.planes[0]))
        for number, plane in enumerate(self.planes):
            interleaved[number::width] = plane
        numbers = array("H" if width == 2 else "I")
        numbers.frombytes(interleaved)
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers

    def mask(self, flags: bytes) -> bytes:
        """Return a byte per event: the flag of its number."""
        if len(self.planes) == 1:
            return self.planes[0].translate(flags[:256].ljust(256, b"\0"))
        numbers = self.numbers
        return bytes(itemgetter(*numbers)(flags)) if len(numbers) > 1 else bytes(flags[number] for number in numbers)


class StoredPage(Struct, frozen=True, array_like=True, gc=False):
    """A page of events: the id of its row, the number of events, and the times of the first and the last one."""

    id: int
    count: int
    first: int
    last: int


class Facts(Struct, frozen=True):
    """The facts about a chunk of events in ascending order: its pages, its days with their counts, and kinds.

    A kind is stored in two parts. `places` are channels with states, one of which each event has. `owners` are origins
    with requesters, one of which each event has that is not public.
    """

    pages: list[StoredPage]
    days: list[tuple[int, int]]
    places: list[tuple[str, PackageState]]
    place_of_each: Column
    owners: list[tuple[str, int]]
    owner_of_owned: Column

    @classmethod
    def of(cls, pages: list[StoredPage], days: Iterable[int], kinds: Sequence[Kind]) -> "Facts":
        """Return the facts for a day (since 1970) and a kind per event."""
        counted = [(day, len(list(events))) for day, events in groupby(days)]
        places = _numbered((kind.channel, kind.state) for kind in kinds)
        owned = [(kind.origin, kind.requester) for kind in kinds if kind.state is not PackageState.PUBLIC]
        owners = {owner: number for number, owner in enumerate(sorted(set(owned)))}
        return cls(
            pages,
            counted,
            list(places),
            Column.of([places[kind.channel, kind.state] for kind in kinds]),
            list(owners),
            Column.of([owners[owner] for owner in owned]),
        )

    @classmethod
    def unpacked(cls, content: bytes) -> "Facts":
        """Return the facts in a compressed form."""
        packed, place_of_each, owner_of_owned = _packed_decoder.decode(content)
        pages, days, places, owners = _lists_decoder.decode(zlib.decompress(packed))
        return cls(pages, days, places, Column.unpacked(place_of_each), owners, Column.unpacked(owner_of_owned))

    def packed(self) -> bytes:
        """Return the compressed form."""
        lists = zlib.compress(_encoder.encode((self.pages, self.days, self.places, self.owners)), 9)
        return _encoder.encode((lists, self.place_of_each.packed(), self.owner_of_owned.packed()))

    def flags(self, sees: Callable[[Kind], bool]) -> bytes:
        """Return a flag per event: the answer for its kind."""
        public = [state is PackageState.PUBLIC for _, state in self.places]
        seen = [is_public and sees(Kind(*place)) for place, is_public in zip(self.places, public, strict=True)]
        flags = self.place_of_each.mask(bytes(seen))
        if not self.owners:
            return flags
        numbers = self.place_of_each.numbers
        positions = [position for position, place in enumerate(numbers) if not public[place]]
        owned = list(zip((numbers[position] for position in positions), self.owner_of_owned.numbers, strict=True))
        seen_owned = {
            (place, owner) for place, owner in set(owned) if sees(Kind(*self.places[place], *self.owners[owner]))
        }
        if not seen_owned:
            return flags
        changed = bytearray(flags)
        for position, kind in zip(positions, owned, strict=True):
            if kind in seen_owned:
                changed[position] = 1
        return bytes(changed)

    @property
    def kind_of_each(self) -> list[Kind]:
        """The kind of each event."""
        owners = iter(self.owner_of_owned.numbers)
        places = (self.places[number] for number in self.place_of_each.numbers)
        return [
            Kind(channel, state) if state is PackageState.PUBLIC else Kind(channel, state, *self.owners[next(owners)])
            for channel, state in places
        ]

    @property
    def day_of_each(self) -> list[int]:
        """The day of each event."""
        return list(chain.from_iterable(repeat(day, count) for day, count in self.days))

    def between(self, first_day: int, last_day: int) -> tuple[int, int]:
        """Return the positions of the events of some days: the first one, and the one after the last."""
        start = sum(count for day, count in self.days if day < first_day)
        return start, start + sum(count for day, count in self.days if first_day <= day <= last_day)


class Names(Struct, frozen=True):
    """The number of each event's name in the dictionary of names."""

    column: Column

    @classmethod
    def unpacked(cls, content: bytes) -> "Names":
        """Return the names in a compressed form."""
        return cls(Column.unpacked(_planes_decoder.decode(content)))

    def packed(self) -> bytes:
        """Return the compressed form."""
        return _encoder.encode(self.column.packed())


def _numbered(values: Iterable[tuple[str, PackageState]]) -> dict[tuple[str, PackageState], int]:
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


_FEW, _FEW_WORDS = 100, 8
_encoder = msgspec.msgpack.Encoder()
_planes_decoder = msgspec.msgpack.Decoder(list[bytes])
_packed_decoder = msgspec.msgpack.Decoder(tuple[bytes, list[bytes], list[bytes]])
_lists_decoder = msgspec.msgpack.Decoder(
    tuple[list[StoredPage], list[tuple[int, int]], list[tuple[str, PackageState]], list[tuple[str, int]]]
)


def both(mask: bytes, other: bytes) -> bytes:
    """Return the flags that both masks have."""
    common = int.from_bytes(mask, "little") & int.from_bytes(other, "little")
    return common.to_bytes(len(mask), "little")


def newest(mask: bytes, start: int, stop: int, skipped: int, most: int) -> list[int]:
    """Return the positions of set flags in a range, from its end, without the first `skipped`."""
    block = 4_096
    while skipped and stop - start > block and (flags := mask.count(1, stop - block, stop)) <= skipped:
        skipped, stop = skipped - flags, stop - block
    positions: list[int] = []
    while len(positions) < most and (stop := mask.rfind(1, start, stop)) >= 0:
        if skipped:
            skipped -= 1
        else:
            positions.append(stop)
    return positions


def name_flags(names: Sequence[str], terms: Terms) -> bytes:
    """Return a flag per name (`origin/name`): whether the terms match it."""
    if not terms.can_match:
        return bytes(len(names))
    lowered = [name.lower() for name in names]
    candidates: list[int] = list(range(len(names)))
    for word in terms.words:
        candidates = [number for number in candidates if word in lowered[number]]
    if len(candidates) > _FEW and len(terms.words) <= _FEW_WORDS and not any("-" in word for word in terms.words):
        matching = _matching_plain_words(candidates, lowered, terms.words)
    else:
        matching = [number for number in candidates if terms.match(tokens_of_name(names[number]))]
    flags = bytearray(len(names))
    for number in matching:
        flags[number] = 1
    return bytes(flags)


def _matching_plain_words(candidates: list[int], lowered: Sequence[str], words: Sequence[str]) -> list[int]:
    """Return the names that words without hyphens match, a tenth of the CPU time of `Terms.match` for common words.

    Such a word is a token if neither a letter nor a digit is beside it.
    """
    *inner, last = words
    for word in inner:
        whole = re.compile(rf"(?<![^\W_]){word}(?![^\W_])").search
        candidates = [number for number in candidates if whole(lowered[number])]
    beginning = re.compile(rf"(?<![^\W_]){last}").search
    return [number for number in candidates if beginning(lowered[number])]


@lru_cache(maxsize=20_000)
def tokens_of_name(name: str) -> list[str]:
    """Return the tokens of `origin/name`. Cached: a common word matches most names."""
    return tokens_of(*name.split("/", 1))
