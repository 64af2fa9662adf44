"""Shapes of channels over HTTP (packages.md 4.3 and 9)."""

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.http.query import REFUSED_LATER


class ChannelsQuery(Struct):
    """With `sandbox`, the list includes the channels of job groups (`bldr-...`)."""

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
    """The target of the packages is required; it is not taken from `User-Agent` (packages.md 9.5)."""

    target: Annotated[str | None, Meta(description="Target of the packages."), REFUSED_LATER] = None


class NewestPackages(Struct):
    """The newest release of each package name in a channel for a target, by name."""

    channel: str
    target: str
    data: list[PackageIdent]
