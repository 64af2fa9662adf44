"""Sources of the bytes that `publish` reads. Raw uploads and uploads in parts have one class each."""

from typing import BinaryIO, Protocol

from msgspec import Struct

from chalicelib.packages import artifacts
from chalicelib.platform.change import Change


class Source(Protocol):
    """The bytes of an archive, and the state of its upload."""

    def open(self) -> BinaryIO:
        """Return the bytes from their beginning. Only `read` is called on them."""

    def store(self, key: str) -> None:
        """Store the same bytes under their final key. Raises ObjectStoreFailed."""

    def settle(self, change: Change) -> None:
        """Add rows of the upload itself to the transaction that publishes the package."""


class RawBody(Struct, frozen=True):
    """The body of one request. A raw upload has only the rows of its package."""

    stream: BinaryIO

    def open(self) -> BinaryIO:
        """Return the body."""
        return self.stream

    def store(self, key: str) -> None:
        """Store the body from its beginning. Raises ObjectStoreFailed."""
        artifacts.put(key, self.stream)

    def settle(self, change: Change) -> None:
        """Do nothing, because a raw upload adds no rows."""
