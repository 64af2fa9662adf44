"""Where the bytes of an upload are: each entrance has its own kind of source, and all end in one publication."""

from dataclasses import dataclass
from typing import BinaryIO, Protocol

from chalicelib.packages import artifacts
from chalicelib.platform.change import Change


class Source(Protocol):
    """Where an entrance has the bytes of an archive, and what it remembers of their publication."""

    def open(self) -> BinaryIO:
        """The bytes from their beginning, of which only `read` is asked."""

    def store(self, key: str) -> None:
        """Put the same bytes under their final key. Raises ObjectStoreFailed."""

    def settle(self, change: Change) -> None:
        """Add to the transaction that publishes what must be written with it."""


@dataclass(frozen=True, slots=True)
class RawBody:
    """The body of one request; nothing of it is remembered."""

    stream: BinaryIO

    def open(self) -> BinaryIO:
        """The body, which nobody has read yet."""
        return self.stream

    def store(self, key: str) -> None:
        """Send it on from its beginning."""
        artifacts.put(key, self.stream)

    def settle(self, change: Change) -> None:
        """Nothing: the answer to the request is all that there is."""
