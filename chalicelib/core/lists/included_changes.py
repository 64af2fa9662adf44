"""The ids of changes that the index of a list includes, in generations with the time at which they were included."""

import zlib
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from itertools import accumulate, pairwise

import msgspec

_decoder = msgspec.msgpack.Decoder(list[tuple[int, list[int]]])
_encoder = msgspec.msgpack.Encoder()


class IncludedChanges:
    """Ids of changes with a time each. An id is kept until its change has left the log and no reader can have it."""

    def __init__(self, times: dict[int, int] | None = None) -> None:
        self._times = {} if times is None else times

    @classmethod
    def unpacked(cls, content: bytes) -> "IncludedChanges":
        """Return the ids in a compressed form."""
        return cls({i: time for time, steps in _decoder.decode(zlib.decompress(content)) for i in accumulate(steps)})

    def packed(self) -> bytes:
        """Return the compressed form that rows store. It has milliseconds, rounded down."""
        generations: dict[int, list[int]] = {}
        for identifier, time in self._times.items():
            generations.setdefault(time, []).append(identifier)
        stored = [
            (time, [after - before for before, after in pairwise([0, *sorted(ids)])])
            for time, ids in sorted(generations.items())
        ]
        return zlib.compress(_encoder.encode(stored), 6)

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._times

    def __iter__(self) -> Iterator[int]:
        return iter(self._times)

    def __len__(self) -> int:
        return len(self._times)

    def time_of(self, identifier: int) -> datetime:
        """Return when a change was included. Raises KeyError."""
        return datetime.fromtimestamp(self._times[identifier] / 1000, UTC)

    def newest(self) -> datetime:
        """Return the latest time, the beginning of 1970 if there are no ids."""
        return datetime.fromtimestamp(max(self._times.values(), default=0) / 1000, UTC)

    def add(self, identifiers: Iterable[int], moment: datetime) -> None:
        """Add ids, or give them another time."""
        self._times.update(dict.fromkeys(identifiers, int(moment.timestamp() * 1000)))

    def forget(self, before: datetime, up_to: int, still_in_log: Collection[int]) -> None:
        """Drop the ids up to a number that were included before a time and whose changes have left the log."""
        oldest = int(before.timestamp() * 1000)
        for identifier, time in list(self._times.items()):
            if time < oldest and identifier <= up_to and identifier not in still_in_log:
                del self._times[identifier]
