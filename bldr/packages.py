"""Packages, the details that a Builder or a folder has of them, and their memberships in channels."""

from collections.abc import Iterable

from msgspec import Struct

from chalicelib.core.ident import PackageIdent, is_origin_name, is_package_name, is_storable
from chalicelib.core.target import Target

UNSTABLE, STABLE = "unstable", "stable"

DEFAULT_CHANNELS = frozenset({UNSTABLE, STABLE})
"""Channels that every origin has."""

BUILD_GROUP_PREFIX = "bldr-"
"""Prefix of the channels of job groups."""


class Package(Struct, frozen=True):
    """One release for one target."""

    ident: PackageIdent
    target: Target

    def __str__(self) -> str:
        return f"{self.ident} ({self.target})"

    @property
    def archive_name(self) -> str:
        """File name of the archive."""
        return self.ident.archive_name(self.target)

    @property
    def origin(self) -> str:
        """Name of the origin."""
        return self.ident.origin


class PackageDetails(Struct, frozen=True):
    """A package with the checksum of its archive, its transitive run-time dependencies (`tdeps`) and its channels."""

    package: Package
    checksum: str
    tdeps: tuple[PackageIdent, ...] = ()
    channels: frozenset[str] = frozenset()

    @property
    def dependencies(self) -> tuple[Package, ...]:
        """The transitive dependencies as packages. They have the same target."""
        return tuple(Package(ident, self.package.target) for ident in self.tdeps)


class Membership(Struct, frozen=True):
    """A package in a channel of its origin."""

    package: Package
    channel: str


def sorted_packages(packages: Iterable[Package]) -> list[Package]:
    """Return packages sorted by the text of their ident and target."""
    return sorted(packages, key=str)


def is_valid_ident(ident: PackageIdent) -> bool:
    """Return whether a Builder accepts an ident and its parts are safe in file names on every system."""
    names_are_valid = is_origin_name(ident.origin) and is_package_name(ident.name)
    return names_are_valid and is_storable(ident) and "\\" not in str(ident)
