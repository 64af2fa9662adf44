"""Snapshots of the name index, so that a process that starts reads few rows.

A name belongs to one of SHARDS shards, by a hash. The snapshot of a shard holds its names, and every change in the log
of names up to its position (`catalog/name_log.py`). It may hold some later changes, too.
"""

from zlib import crc32

from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute
from chalicelib.platform.row import Key, Row, partition

SHARDS = 8
"""One call reads all of them. They hold 400,000 names, and 12,000 names cost 24 units."""


class NamesRow(Row):
    """The names of a shard and who sees them, compressed (`snapshots.packed`). Every change sets a new `revision`."""

    content = BinaryAttribute(legacy_encoding=False)
    position = NumberAttribute()
    revision = NumberAttribute()


def shard_of(origin: str, name: str) -> int:
    """Return the number of the shard of a name."""
    return crc32(f"{origin}/{name}".encode()) % SHARDS


def names_key(shard: int) -> Key[NamesRow]:
    """Key of the snapshot of a shard."""
    return Key(NamesRow, partition("NAME-SNAPSHOT", str(shard)), "SNAPSHOT")


KEYS = tuple(names_key(shard) for shard in range(SHARDS))
