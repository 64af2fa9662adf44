"""Shapes of channels over HTTP (packages.md 4.3 and 9)."""

from msgspec import Struct

from chalicelib.core.ident import PackageIdent


class ChannelsQuery(Struct):
    """With `sandbox`, the list includes the channels of build groups (`bldr-...`)."""

    sandbox: bool = False


class ChannelName(Struct):
    """An entry in the list of an origin's channels."""

    name: str


class Channel(Struct):
    """A new channel. Channels never change, so both times are equal."""

    id: str
    owner_id: str
    name: str
    created_at: str
    updated_at: str
    origin: str


class PackagesQuery(Struct):
    """The number of the first row to list; the page that contains it is returned (packages.md 1.9)."""

    range: int = 0


class NewestQuery(Struct):
    """The target of the packages. Required (else 400); not taken from the User-Agent (packages.md 9.5)."""

    target: str | None = None


class NewestPackages(Struct):
    """The newest release of each package name in a channel for a target, by name."""

    channel: str
    target: str
    data: list[PackageIdent]
