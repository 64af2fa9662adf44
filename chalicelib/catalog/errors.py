"""Errors of the catalog and their statuses (packages.md 1.2)."""


class OriginMissing(Exception):
    """There is no origin of this name."""


class ChannelMissing(Exception):
    """The origin does not have the channel."""


class ReleaseMissing(Exception):
    """The package does not exist, or the caller may not see it."""


class TooManyChannels(Exception):
    """A package would be in so many channels that a change of it no longer fits one transaction."""


STATUS: dict[type[Exception], int] = {
    OriginMissing: 404,
    ChannelMissing: 404,
    ReleaseMissing: 404,
    TooManyChannels: 422,
}
