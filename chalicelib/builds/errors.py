"""Errors of the build service that several of its parts raise, and their statuses."""

from chalicelib.core.explained import Explained


class IdMalformed(Exception):
    """The id in the path is not an unsigned 64-bit number."""


class GroupMissing(Exception):
    """There is no job group with the id."""


class JobMissing(Exception):
    """There is no job with the id."""


class GroupTooLarge(Explained):
    """The build set has more projects than a job group may hold."""


STATUS: dict[type[Exception], int] = {
    IdMalformed: 400,
    GroupMissing: 404,
    JobMissing: 404,
    GroupTooLarge: 422,
}
