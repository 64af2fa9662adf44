"""Packages as all commands speak of them: an ident for a target, and what a Builder or a folder knows about it."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target

UNSTABLE, STABLE = "unstable", "stable"
BORN_WITH = frozenset({UNSTABLE, STABLE})
"""Channels that every origin has."""

GROUP_CHANNELS = "bldr-"
"""How the names of build groups' own channels begin."""


@dataclass(frozen=True, slots=True)
class Package:
    """One release for one target."""

    ident: PackageIdent
    target: Target

    def __str__(self) -> str:
        return f"{self.ident} ({self.target})"

    @property
    def archive_name(self) -> str:
        """What its file is called."""
        return self.ident.archive_name(self.target)

    @property
    def origin(self) -> str:
        """Whose it is."""
        return self.ident.origin


@dataclass(frozen=True, slots=True)
class Described:
    """A package with its archive's checksum, all its dependencies at run time, and the channels that it is in."""

    package: Package
    checksum: str
    tdeps: tuple[PackageIdent, ...] = ()
    channels: frozenset[str] = frozenset()

    @property
    def needs(self) -> tuple[Package, ...]:
        """Its dependencies, which are for the same target."""
        return tuple(Package(ident, self.package.target) for ident in self.tdeps)


@dataclass(frozen=True, slots=True)
class Membership:
    """A package in a channel of its origin."""

    package: Package
    channel: str


def in_text_order(packages: Iterable[Package]) -> list[Package]:
    """By ident, then target, as bytes."""
    return sorted(packages, key=str)
