"""Refusals of the channels domain, and the status of each."""


class ChannelExists(Exception):
    """The origin has a channel of that name."""


class ChannelProtected(Exception):
    """`stable` and `unstable` are never removed, and nothing leaves `unstable` (packages.md 9.3, 9.8)."""


class NotInChannel(Exception):
    """A demotion of what is not there (packages.md 9.8)."""


class ChannelQueryMalformed(Exception):
    """A parameter is missing, or source and target of a bulk operation make no sense (packages.md 9.5, 9.9)."""


class BulkUnfinished(Exception):
    """A bulk change is too large for one request; a repeat goes on where it stopped (packages.md 9.9)."""


STATUS: dict[type[Exception], int] = {
    ChannelExists: 409,
    ChannelProtected: 403,
    NotInChannel: 400,
    ChannelQueryMalformed: 400,
    BulkUnfinished: 503,
}
