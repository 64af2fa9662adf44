"""Errors of the catalog and their statuses (packages.md 1.2)."""

from chalicelib.core.explained import Explained


class OriginMissing(Exception):
    """The origin does not exist."""


class RoleLost(Exception):
    """The account lost its role in the origin while its request was handled."""

    def __init__(self, text: str = "", status: int = 403) -> None:
        super().__init__(text)
        self.status = status


class ChannelMissing(Exception):
    """The origin does not have the channel."""


class ReleaseMissing(Exception):
    """The package does not exist, or the caller may not see it."""


class TooManyChannels(Explained):
    """A package would be in too many channels: changes of it would no longer fit one transaction."""


class TooManyInOrigin(Explained):
    """The origin has the most members, keys, secrets, projects or others that it can have."""


STATUS: dict[type[Exception], int] = {
    OriginMissing: 404,
    RoleLost: 403,
    ChannelMissing: 404,
    ReleaseMissing: 404,
    TooManyChannels: 422,
    TooManyInOrigin: 422,
}
