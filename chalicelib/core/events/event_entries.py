"""Events as the index of events stores them, in compressed pages (docs/ARCHITECTURE.md, "The index of events")."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from itertools import accumulate, pairwise

import msgspec
from msgspec import Struct

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
"""Microseconds of a day."""


class PackageState(IntEnum):
    """Whether an ident has a public package, only packages that members of the origin see, or no package."""

    PUBLIC = 0
    MEMBERS = 1
    GONE = 2


class EventEntry(Struct, frozen=True, gc=False):
    """A promotion or demotion of one package. `time` is in microseconds since 1970."""

    time: int
    ident: str
    target: str
    operation: str
    channel: str
    trigger: str
    requester_id: int
    requester: str
    group: str = ""

    @property
    def order(self) -> tuple[int, str]:
        """The order of events. Events with equal time and ident are one (platform.md 2.3)."""
        return self.time, self.ident

    @property
    def name(self) -> str:
        """`origin/name` of the ident."""
        return name_of(self.ident)

    @property
    def created_at(self) -> str:
        """The time as clients read it."""
        return (_EPOCH + self.time * _MICROSECOND).strftime("%Y-%m-%dT%H:%M:%S.%f")


class _Columns(Struct, frozen=True, array_like=True):
    """A page: the first time, the differences between times, and per attribute a text of one line per event."""

    first: int
    steps: list[int]
    columns: list[str]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Columns)


def microseconds(created_at: str) -> int:
    """Return the time in a timestamp of the service, in microseconds since 1970."""
    return (datetime.fromisoformat(created_at).replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def name_of(ident: str) -> str:
    """Return `origin/name` of an ident."""
    origin, name, _ = ident.split("/", 2)
    return f"{origin}/{name}"


def release_hash(ident: str) -> int:
    """Return a number below 128 that idents of one name rarely share."""
    return zlib.crc32(ident.encode()) & 127


def packed(entries: Sequence[EventEntry]) -> bytes:
    """Return the compressed form of events in ascending order. Parts of idents have no line feeds (packages.md 2)."""
    parts = [entry.ident.split("/") for entry in entries]
    columns = [
        *("\n".join(column) for column in zip(*parts, strict=True)),
        "\n".join(entry.target for entry in entries),
        "\n".join(entry.operation for entry in entries),
        "\n".join(entry.channel for entry in entries),
        "\n".join(entry.trigger for entry in entries),
        "\n".join(str(entry.requester_id) for entry in entries),
        "\n".join(entry.requester for entry in entries),
        "\n".join(entry.group for entry in entries),
    ]
    steps = [later.time - earlier.time for earlier, later in pairwise(entries)]
    return zlib.compress(_encoder.encode(_Columns(entries[0].time, steps, columns)), 9)


def unpacked(content: bytes) -> list[EventEntry]:
    """Return the events in a compressed form."""
    page = _decoder.decode(zlib.decompress(content))
    times = accumulate(page.steps, initial=page.first)
    origins, names, versions, releases, *columns = (column.split("\n") for column in page.columns)
    idents = ("/".join(parts) for parts in zip(origins, names, versions, releases, strict=True))
    return [
        EventEntry(time, ident, target, operation, channel, trigger, int(requester_id), requester, group)
        for time, ident, target, operation, channel, trigger, requester_id, requester, group in zip(
            times, idents, *columns, strict=True
        )
    ]
