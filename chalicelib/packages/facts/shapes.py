"""Shapes of facts about a package over HTTP (docs/ORIGINS.md)."""

from msgspec import Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.deprecations.shapes import Deprecation


class FactsQuery(Struct):
    """The target of the package. Without it, the client's target is preferred to others."""

    target: str | None = None


class ChannelFact(Struct):
    """A channel that the package is in. `promoted_by` is null for non-members, and if an upload added it."""

    name: str
    promoted_at: str
    promoted_by: str | None


class Facts(Struct):
    """A package and its history. Account names are null for callers who are not members of the origin."""

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
