"""Rows of the summaries of all origins: a log of changes, and the summaries in a few shards.

A user's origins are listed from them (accounts.md 8.3), because one row per origin would cost a unit each.
"""

import zlib
from zlib import crc32

import msgspec
from msgspec import Struct

from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition

SHARDS = 4
"""One call reads all. A thousand origins take about 32 KB together; a shard has room for 12,000."""

LOG = partition("SUMMARY-CHANGES")
_ID_DIGITS = 19


class Summary(Struct, frozen=True, array_like=True):
    """What the list of a user's origins shows of one. Without an owner there is no origin, and `settings` is zero."""

    owner_id: int = 0
    created_at: str = ""
    visibility: str = ""
    settings: int = 0

    @property
    def exists(self) -> bool:
        """Whether the origin exists."""
        return self.owner_id != 0


Summaries = dict[str, Summary]
_decoder = msgspec.msgpack.Decoder(Summaries)
_encoder = msgspec.msgpack.Encoder()


class SummaryChangeRow(Row):
    """A change of an origin. The sort key is an id in 19 digits.

    settings: how many settings of packages were added, negative for removed ones. 0 says that the row of the origin was
    written or deleted.
    """

    origin = UnicodeAttribute()
    settings = NumberAttribute()

    @property
    def id(self) -> int:
        """The id of the change."""
        return int(self.sk)


class SummariesRow(Row):
    """The compressed summaries of a shard, in a version. Processes keep them, and read the row when it has another."""

    version = NumberAttribute()
    content = BinaryAttribute(legacy_encoding=False)


class SummariesHeadRow(Row):
    """The version of the summaries of a shard, and the changes that they include. Each write sets a new version."""

    version = NumberAttribute()
    included = BinaryAttribute(legacy_encoding=False)


def shard_of(origin: str) -> int:
    """Return the shard of an origin."""
    return crc32(origin.encode()) % SHARDS


def summaries_key(shard: int) -> Key[SummariesRow]:
    """Key of the summaries of a shard."""
    return Key(SummariesRow, partition("SUMMARIES", str(shard)), "SUMMARIES")


def head_key(shard: int) -> Key[SummariesHeadRow]:
    """Key of the version of the summaries of a shard."""
    return Key(SummariesHeadRow, partition("SUMMARIES", str(shard)), "HEAD")


def change_key(identifier: int) -> Key[SummaryChangeRow]:
    """Key of a change in the log."""
    return Key(SummaryChangeRow, LOG, change_sort_key(identifier))


def change_sort_key(identifier: int) -> str:
    """Return the sort key of a change."""
    return str(identifier).zfill(_ID_DIGITS)


def packed(summaries: Summaries) -> bytes:
    """Return summaries as a row stores them."""
    return zlib.compress(_encoder.encode(dict(sorted(summaries.items()))), 6)


def unpacked(content: bytes) -> Summaries:
    """Return the summaries of a row."""
    return _decoder.decode(zlib.decompress(content))
