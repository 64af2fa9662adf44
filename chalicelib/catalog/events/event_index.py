"""Rows of the index of events, and reads of them (docs/ARCHITECTURE.md, "The index of events").

The *root* names all other rows: chunks of events in order of time, and segments of the dictionary of names. Only the
root ever changes. A fold writes new rows, and then a root that names them. So one read of the root gives an index in
which all parts belong together. Replaced rows are deleted later (KEPT_SECONDS).
"""

import zlib
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from chalicelib.core.events.event_columns import Facts, Names, StoredPage
from chalicelib.core.events.event_entries import EventEntry, unpacked
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute
from chalicelib.platform.change import Stale
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import Found, read_many, rows

KEPT_SECONDS = 180
"""How long a replaced row stays. No request and no fold that has read an older root runs longer."""

TOGETHER = 30
"""Chunks whose facts and names one call reads: more than a year with 300 events a day has."""

ROOT = "ROOT"
FACTS, NAMES, HASHES, PAGES, DICTIONARY = "FACTS", "NAMES", "HASHES", "PAGES", "DICTIONARY"


class EventRootRow(Row):
    """The root of the index, compressed. A fold replaces it on condition that its revision is still the same."""

    revision = NumberAttribute()
    content = BinaryAttribute(legacy_encoding=False)


class EventIndexRow(Row):
    """A part of the index, compressed."""

    content = BinaryAttribute(legacy_encoding=False)


class Head(Struct, frozen=True, array_like=True):
    """A chunk: the id of its rows, the number of its events, and the times of the first and the last one."""

    id: int
    count: int
    first: int
    last: int


class Segment(Struct, frozen=True, array_like=True):
    """A part of the dictionary: the id of its row, and the number of its names."""

    id: int
    count: int


class Replaced(Struct, frozen=True, array_like=True):
    """A row that the index no longer names, and since when, in seconds."""

    since: int
    pk: str
    sk: str


class Root(Struct, frozen=True, array_like=True):
    """The root: chunks in order of time, segments, what the last fold took from the inbox, and rows to delete."""

    heads: list[Head] = []
    segments: list[Segment] = []
    folded: list[str] = []
    replaced: list[Replaced] = []

    @classmethod
    def unpacked(cls, row: EventRootRow | None) -> "Root":
        """Return the root that a row stores. Without a row, the root is empty."""
        return cls() if row is None else _root_decoder.decode(zlib.decompress(row.content))

    def packed(self) -> bytes:
        """Return the compressed form."""
        return zlib.compress(msgspec.msgpack.encode(self), 9)


_root_decoder = msgspec.msgpack.Decoder(Root)


def root_key() -> Key[EventRootRow]:
    """Key of the root."""
    return Key(EventRootRow, partition("EVENT-INDEX", ROOT), ROOT)


def facts_key(head: Head) -> Key[EventIndexRow]:
    """Key of the facts about a chunk. The facts of all chunks share a partition, in order of time."""
    return Key(EventIndexRow, part_partition(FACTS), f"{head.first:018d}#{head.id}")


def part_key(kind: str, part: Head | Segment | StoredPage) -> Key[EventIndexRow]:
    """Key of another part: the names or the hashes of a chunk, a segment of the dictionary, a page."""
    return Key(EventIndexRow, part_partition(kind), str(part.id))


def part_partition(kind: str) -> str:
    """Partition of the parts of a kind."""
    return partition("EVENT-INDEX", kind)


def facts_of(heads: Sequence[Head]) -> list[Facts]:
    """Return the facts about consecutive chunks. One Query per megabyte. Raises Stale if one was deleted meanwhile."""
    if not heads:
        return []
    keys = [facts_key(head) for head in heads]
    between = (min(key.sk for key in keys), max(key.sk for key in keys))
    contents = {row.sk: row.content for row in rows(EventIndexRow, keys[0].pk, between=between)}
    try:
        return [Facts.unpacked(contents[key.sk]) for key in keys]
    except KeyError:
        raise Stale from None


def read_parts(keys: Iterable[Key[EventIndexRow]]) -> dict[Key[EventIndexRow], bytes]:
    """Return the contents of rows. One call per hundred. Raises Stale if one was deleted meanwhile."""
    wanted = list(dict.fromkeys(keys))
    found = read_many(wanted)
    return {key: content_in(found, key) for key in wanted}


def content_in(found: Found, key: Key[EventIndexRow]) -> bytes:
    """Return the content of a row that was read. Raises Stale if it was deleted meanwhile."""
    row = found.get(key)
    if row is None:
        raise Stale
    return bytes(row.content)


def pages(wanted: Iterable[StoredPage]) -> dict[int, list[EventEntry]]:
    """Return the events of pages, by id. One call per hundred. Raises Stale if one was deleted meanwhile."""
    keys = {page.id: part_key(PAGES, page) for page in wanted}
    contents = read_parts(keys.values())
    return {number: unpacked(contents[key]) for number, key in keys.items()}


def names_in(content: bytes) -> list[str]:
    """Return the names in a segment of the dictionary."""
    return zlib.decompress(content).decode().split("\n")


def segment_of(names: Sequence[str]) -> bytes:
    """Return the content of a segment of the dictionary."""
    return zlib.compress("\n".join(names).encode(), 9)


class ChunkNames(Struct, frozen=True):
    """The dictionary, and per chunk the names of its events and, if they were read, the hashes of their idents."""

    dictionary: list[str]
    names: list[Names]
    hashes: list[bytes]

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each name."""
        return {name: number for number, name in enumerate(self.dictionary)}


def read_with_names(root: Root, heads: Sequence[Head], with_hashes: bool) -> tuple[list[Facts], ChunkNames]:
    """Return the facts about consecutive chunks, and the names of their events. Raises Stale.

    One call for up to TOGETHER chunks. The facts of more are read with a Query, which costs fewer units: the table
    rounds up each row of a BatchGetItem, and only the sum of a Query.
    """
    facts_keys = [facts_key(head) for head in heads] if len(heads) <= TOGETHER else []
    segment_keys = [part_key(DICTIONARY, segment) for segment in root.segments]
    name_keys = [part_key(NAMES, head) for head in heads]
    hash_keys = [part_key(HASHES, head) for head in heads] if with_hashes else []
    contents = read_parts([*segment_keys, *name_keys, *hash_keys, *facts_keys])
    facts = [Facts.unpacked(contents[key]) for key in facts_keys] if facts_keys else facts_of(heads)
    dictionary = [name for key in segment_keys for name in names_in(contents[key])]
    names = [Names.unpacked(contents[key]) for key in name_keys]
    return facts, ChunkNames(dictionary, names, [zlib.decompress(contents[key]) for key in hash_keys])
