"""Errors of channels, and their statuses."""

from chalicelib.core.explained import Explained


class ChannelExists(Exception):
    """The origin already has a channel of that name."""


class ChannelNameInvalid(Explained):
    """The name of a new channel has characters that names must not have."""


class ChannelProtected(Exception):
    """`stable` and `unstable` cannot be deleted, and nothing can be demoted from `unstable` (packages.md 9.3, 9.8)."""


class NotInChannel(Exception):
    """The package to demote is not in the channel (packages.md 9.8)."""


class ChannelQueryMalformed(Exception):
    """A required parameter is missing, or a bulk change names channels that it cannot use (packages.md 9.5, 9.9)."""


class ChannelLeaving(Exception):
    """The packages of a deleted channel of that name are still leaving it; a repeat succeeds soon (packages.md 9.2)."""


class BulkUnfinished(Exception):
    """A bulk change is too large for one request. It continues by itself, and a repeat joins it (packages.md 9.9)."""


STATUS: dict[type[Exception], int] = {
    ChannelExists: 409,
    ChannelNameInvalid: 422,
    ChannelProtected: 403,
    NotInChannel: 400,
    ChannelQueryMalformed: 400,
    ChannelLeaving: 503,
    BulkUnfinished: 503,
}
