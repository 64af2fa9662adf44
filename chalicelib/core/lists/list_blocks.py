"""The index of a list: counted blocks of neighbouring entries, for exact totals and the place of any page.

An entry has a key, whose order by bytes is the order of the list. A block begins at a key, ends before the next block,
and counts its entries, all and public ones. Keys are paths such as `name/version/release`. A *prefix* is a path that
ends with a slash, and it selects the entries below it. The blocks keep this invariant: the entries below a prefix are
in one block, or they fill several whole blocks. It holds because a block that begins below a prefix requires that other
blocks begin and end at the prefix.
"""

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec
from msgspec import Struct

from chalicelib.core.shown import Shown

BLOCK_ENTRIES = 128
"""A longer block is split."""

MOST_BLOCKS = 4096
"""A list with more entries than this many full blocks has longer blocks, so that its index fits into one row."""

MOST_PASSED = 256
"""So many invisible entries are read to avoid another Query."""

MOST_STRETCHES = 64
"""A page with more stretches reads everything that is in the last one. Only requests for all rows have so many."""

_SLASH, _AFTER_SLASH = "/", "0"
_decoder = msgspec.msgpack.Decoder(tuple[list[str], list[int], list[int]])
_encoder = msgspec.msgpack.Encoder()


class WrongCounts(Exception):
    """The counts of a block contradict each other or the entries: the index must be made again from the rows."""


class Span(Struct, frozen=True):
    """The keys of a block: from `first`, included, to `end`, excluded. None is the end of the list."""

    first: str
    end: str | None

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key >= self.first and (self.end is None or key < self.end)


class Stretch(Struct, frozen=True):
    """Neighbouring blocks that are read with one Query, and the numbers of their entries, all and visible ones."""

    span: Span
    entries: int
    visible: int

    def joined(self, other: "Stretch", between: int) -> "Stretch":
        """Return this stretch with another one and the invisible entries between them."""
        firsts = {self.span.first: self.span, other.span.first: other.span}
        span = Span(min(firsts), firsts[max(firsts)].end)
        return Stretch(span, self.entries + between + other.entries, self.visible + other.visible)


class Part(Struct, frozen=True):
    """Whole blocks of a list: the entries below a prefix, or all."""

    first_keys: Sequence[str]
    end: str | None
    entries: Sequence[int]
    public: Sequence[int]

    def total(self, member: bool) -> int:
        """Return the number of entries that a member of the origin, or everyone, may see."""
        return sum(self.entries if member else self.public)

    def stretches(self, offset: int, size: int, member: bool, descending: bool = False) -> tuple[int, list[Stretch]]:
        """Return what to read for the visible entries from `offset` on: how many to skip first, and where they are.

        The stretches are in the order of the list. None of them begins or ends with a block without visible entries.
        """
        counts = self.entries if member else self.public
        numbered = range(len(counts))
        found: list[Stretch] = []
        passed = hidden = 0
        for i in reversed(numbered) if descending else numbered:
            if not found and passed + counts[i] <= offset:
                passed += counts[i]
            elif not counts[i]:
                hidden += self.entries[i]
            else:
                block = Stretch(self._span(i), self.entries[i], counts[i])
                is_near = hidden <= MOST_PASSED or len(found) == MOST_STRETCHES
                found[-1:] = [found[-1].joined(block, hidden)] if found and is_near else [*found[-1:], block]
                hidden = 0
                if passed + sum(stretch.visible for stretch in found) >= offset + size:
                    break
        return offset - passed, found

    def _span(self, i: int) -> Span:
        return Span(self.first_keys[i], self._end_of(i))

    def _end_of(self, i: int) -> str | None:
        return self.first_keys[i + 1] if i + 1 < len(self.first_keys) else self.end


class Blocks:
    """The blocks of a list. The first one begins at the empty key."""

    def __init__(self) -> None:
        self._firsts = [""]
        self._entries = [0]
        self._public = [0]

    @classmethod
    def of_entries(cls, states: Mapping[str, Shown]) -> "Blocks":
        """Return the blocks of a list with these entries."""
        blocks = cls()
        for key, shown in states.items():
            blocks.apply(key, Shown.ABSENT, shown)
        for span in blocks.too_long():
            blocks.split(span, states)
        return blocks

    @classmethod
    def unpacked(cls, content: bytes) -> "Blocks":
        """Return the blocks in a compressed form."""
        blocks = cls()
        blocks._firsts, blocks._entries, hidden = _decoder.decode(zlib.decompress(content))
        blocks._public = [entries - more for entries, more in zip(blocks._entries, hidden, strict=True)]
        return blocks

    def packed(self) -> bytes:
        """Return the compressed form that rows store. Raises WrongCounts."""
        self.demand_possible()
        hidden = [entries - public for entries, public in zip(self._entries, self._public, strict=True)]
        return zlib.compress(_encoder.encode((self._firsts, self._entries, hidden)), 6)

    def __len__(self) -> int:
        return len(self._firsts)

    def __iter__(self) -> Iterator[tuple[str, int, int]]:
        """Yield the first key of each block, the number of its entries and that of its public entries."""
        return zip(self._firsts, self._entries, self._public, strict=True)

    @property
    def limit(self) -> int:
        """The most entries of a block."""
        return max(BLOCK_ENTRIES, sum(self._entries) // MOST_BLOCKS)

    def apply(self, key: str, before: Shown, after: Shown) -> None:
        """Count the change of an entry. Changes are sums: their order does not matter."""
        i = bisect_right(self._firsts, key) - 1
        self._entries[i] += (after is not Shown.ABSENT) - (before is not Shown.ABSENT)
        self._public[i] += (after is Shown.EVERYONE) - (before is Shown.EVERYONE)

    def demand_possible(self) -> None:
        """Raise WrongCounts if a block has a negative count, or more public entries than entries."""
        if any(not 0 <= public <= entries for _, entries, public in self):
            raise WrongCounts

    @property
    def whole(self) -> Part:
        """All entries."""
        return Part(self._firsts, None, self._entries, self._public)

    def part(self, prefix: str) -> Part | None:
        """Return the entries below a prefix, all if it is empty.

        None if they lie within one block, possibly with others. They are few, so the caller reads their rows.
        """
        if not prefix:
            return self.whole
        end = end_of(prefix)
        i, j = bisect_left(self._firsts, prefix), bisect_left(self._firsts, end)
        if _at(self._firsts, i) == prefix and _at(self._firsts, j) == end:
            return Part(self._firsts[i:j], end, self._entries[i:j], self._public[i:j])
        within = bisect_right(self._firsts, prefix) - 1
        return Part((), None, (), ()) if self._entries[within] == 0 else None

    def too_long(self) -> list[Span]:
        """Return the blocks with more entries than the limit."""
        limit = self.limit
        return [self._span(i) for i, entries in enumerate(self._entries) if entries > limit]

    def split(self, span: Span, states: Mapping[str, Shown]) -> None:
        """Split a block that is too long. `states` has all its entries, and may have others.

        Raises WrongCounts if the block has counted other entries.
        """
        present = sorted(key for key, shown in states.items() if shown is not Shown.ABSENT and key in span)
        public = [states[key] is Shown.EVERYONE for key in present]
        i = bisect_left(self._firsts, span.first)
        if (self._entries[i], self._public[i]) != (len(present), sum(public)):
            raise WrongCounts
        firsts = [span.first, *sorted(_cuts(present, self.limit).difference(self._firsts))]
        bounds = [*(bisect_left(present, first) for first in firsts), len(present)]
        self._firsts[i : i + 1] = firsts
        self._entries[i : i + 1] = [end - start for start, end in pairwise(bounds)]
        self._public[i : i + 1] = [sum(public[start:end]) for start, end in pairwise(bounds)]

    def merge(self) -> None:
        """Merge neighbours that have at most half the limit together, as far as the invariant allows."""
        while self._merge_once():
            pass

    def _merge_once(self) -> bool:
        """Merge in one pass. A merge may allow others: a prefix whose inner blocks are gone needs no blocks itself."""
        most, before = self.limit // 2, len(self)
        merged = Blocks()
        merged._firsts, merged._entries, merged._public = (
            [
                "",
            ],
            [self._entries[0]],
            [self._public[0]],
        )
        for i in range(1, len(self)):
            first, following = self._firsts[i], _at(self._firsts, i + 1)
            if merged._entries[-1] + self._entries[i] <= most and not _is_needed(merged._firsts[-1], first, following):
                merged._entries[-1] += self._entries[i]
                merged._public[-1] += self._public[i]
            else:
                merged._firsts.append(first)
                merged._entries.append(self._entries[i])
                merged._public.append(self._public[i])
        self._firsts, self._entries, self._public = merged._firsts, merged._entries, merged._public
        return len(self) < before

    def _span(self, i: int) -> Span:
        return Span(self._firsts[i], _at(self._firsts, i + 1))


def end_of(prefix: str) -> str:
    """Return the first key after those below a prefix."""
    return prefix[:-1] + _AFTER_SLASH


def _at(firsts: Sequence[str], i: int) -> str | None:
    return firsts[i] if i < len(firsts) else None


def _is_needed(previous: str, first: str, following: str | None) -> bool:
    """Return True if a prefix starts or ends at `first` below which another block begins."""
    starts = first.endswith(_SLASH) and following is not None and following.startswith(first)
    prefix = first[:-1] + _SLASH
    ends = first.endswith(_AFTER_SLASH) and previous.startswith(prefix) and previous != prefix
    return starts or ends


def _cuts(keys: Sequence[str], most: int) -> set[str]:
    """Return keys at which blocks must begin so that none of them has more entries than `most`."""
    cuts: set[str] = set()
    pending = [(0, len(keys))]
    while pending:
        start, end = pending.pop()
        if end - start <= most:
            continue
        at, first = _cut(keys, start, end)
        cuts.add(first)
        cuts.update(_enclosing(first))
        pending += [(start, at), (at, end)]
    return cuts


def _cut(keys: Sequence[str], start: int, end: int) -> tuple[int, str]:
    """Return the best position for a cut, and the key at which the new block begins.

    Between names if there are several, else between versions, and close to the middle.
    """
    from_middle = sorted(range(start + 1, end), key=lambda i: abs(2 * i - start - end))
    for depth in (1, 2):
        for i in from_middle:
            prefix = _prefix(keys[i], depth)
            if prefix and not keys[i - 1].startswith(prefix):
                return i, prefix
    middle = from_middle[0]
    return middle, keys[middle]


def _prefix(key: str, depth: int) -> str:
    """Return the first segments of a path, with the slash, or an empty text if it has no more segments than that."""
    segments = key.split(_SLASH, depth)
    return key[: -len(segments[-1])] if len(segments) > depth and segments[-1] else ""


def _enclosing(first: str) -> Iterable[str]:
    """Return the ends of all prefixes of a key that are shorter than the key."""
    for i, letter in enumerate(first[:-1]):
        if letter == _SLASH:
            yield first[: i + 1]
            yield end_of(first[: i + 1])
