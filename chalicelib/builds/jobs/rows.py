"""Rows of live logs, and of the index of an archived log."""

import zlib

from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute
from chalicelib.platform.row import Key, Row, partition

FIRST_LINE, LAST_LINE = "0" * 10, "9" * 10


class LogChunkRow(Row):
    """Some consecutive lines of a live log, compressed. The sort key is the number of the first line.

    The archive of the log replaces these rows. `expires_at` deletes those that are never archived.
    """

    content = BinaryAttribute(legacy_encoding=False)
    number = NumberAttribute()
    expires_at = NumberAttribute(null=True)

    @property
    def first(self) -> int:
        """The number of the first line, from 0."""
        return int(self.sk)

    @property
    def lines(self) -> list[str]:
        """The lines."""
        return zlib.decompress(self.content).decode(errors="replace").split("\n")


class LogIndexRow(Row):
    """Where the lines of an archived log begin (JSON of `job_log.Position`), and how many there are."""

    positions = BinaryAttribute(legacy_encoding=False)
    lines = NumberAttribute()


def packed(lines: list[str]) -> bytes:
    """Return the stored form of some lines."""
    return zlib.compress("\n".join(lines).encode(errors="replace"), 6)


def log_partition(job_id: int) -> str:
    """Partition of the live log of a job, in the order of its lines."""
    return partition("LOG", str(job_id))


def chunk_key(job_id: int, first: int) -> Key[LogChunkRow]:
    """Key of the lines from `first`."""
    return Key(LogChunkRow, log_partition(job_id), f"{first:010d}")


def index_key(job_id: int) -> Key[LogIndexRow]:
    """Key of the index of an archived log."""
    return Key(LogIndexRow, partition("LOG-INDEX", str(job_id)), "INDEX")
