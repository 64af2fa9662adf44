"""What is missing or too much in the catalog, and the status of each (packages.md 1.2)."""


class OriginMissing(Exception):
    """No origin has that name."""


class ChannelMissing(Exception):
    """The origin has no such channel."""


class ReleaseMissing(Exception):
    """No such package, or none that the caller may see."""


class TooManyChannels(Exception):
    """One release is in so many channels that a change of it no longer fits one transaction."""


STATUS: dict[type[Exception], int] = {
    OriginMissing: 404,
    ChannelMissing: 404,
    ReleaseMissing: 404,
    TooManyChannels: 422,
}
