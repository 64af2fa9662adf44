"""Errors of jobs and logs, and their statuses."""

from chalicelib.core.explained import Explained


class LogMissing(Exception):
    """The project of the job was deleted, its package has no settings, or the archived log is gone."""


class ChunkRefused(Explained):
    """A part of a log is too large, has a line that is too long or contains a line end, or exceeds the log's limit."""


class ChunkMisplaced(Explained):
    """A part of a log does not continue the lines that are stored. The text names the next line."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"The next line of the log is {expected}")
        self.expected = expected


STATUS: dict[type[Exception], int] = {
    LogMissing: 404,
    ChunkRefused: 422,
    ChunkMisplaced: 409,
}
