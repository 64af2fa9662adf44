"""Errors of long changes, and their statuses."""


class LongChangeMissing(Exception):
    """The origin does not have the long change, or it ended long ago."""


STATUS: dict[type[Exception], int] = {LongChangeMissing: 404}
