"""Shapes of searches over HTTP (packages.md section 6)."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.core.package_name import PackageName


class FoundPackage(Struct):
    """A package that matches, or with `distinct` a name, whose version and release are null."""

    origin: str
    name: str
    version: str | None
    release: str | None

    @classmethod
    def of(cls, match: PackageIdent | PackageName) -> FoundPackage:
        """Return a match as searches show it."""
        if isinstance(match, PackageName):
            return cls(match.origin, match.name, None, None)
        return cls(match.origin, match.name, match.version, match.release)
