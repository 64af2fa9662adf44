"""Shapes of facts about a package over HTTP (docs/OPERATING.md)."""

from msgspec import Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.deprecations.shapes import Deprecation


class FactsQuery(Struct):
    """With a target only the package for that target is returned; without one, the best for the client."""

    target: str | None = None


class ChannelFact(Struct):
    """A channel that the package is in; account names are shown to members only."""

    name: str
    promoted_at: str
    promoted_by: str | None


class Facts(Struct):
    """A package and its history; account names are shown to members only."""

    ident: PackageIdent
    target: str
    size: int
    checksum: str
    visibility: str
    package_type: str
    uploaded_by: str | None
    uploaded_at: str
    first_uploaded_at: str
    channels: list[ChannelFact]
    deprecation: Deprecation | None
