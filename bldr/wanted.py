"""Idents as people write them on the command line, and the target that is meant when they name none."""

import platform
from dataclasses import dataclass

from bldr.errors import IdentUnclear
from chalicelib.core.ident import PackageIdent, is_origin_name, is_package_name, is_storable
from chalicelib.core.target import DEFAULT_TARGET, Target, TargetUnknown

_SPELLINGS = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """`origin/name[/version[/release]]`: one release, or the latest of those that fit."""

    origin: str
    name: str
    version: str | None = None
    release: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Wanted":
        """Two to four parts. Raises IdentUnclear."""
        parts = text.split("/")
        fits = 2 <= len(parts) <= 4 and all(parts) and is_origin_name(parts[0]) and is_package_name(parts[1])
        if not fits:
            raise IdentUnclear(f"'{text}' is no ident; write origin/name, origin/name/version or the full ident")
        return cls(*parts)

    @classmethod
    def of(cls, ident: PackageIdent) -> "Wanted":
        """Exactly this release."""
        return cls(ident.origin, ident.name, ident.version, ident.release)

    def __str__(self) -> str:
        return "/".join(filter(None, (self.origin, self.name, self.version, self.release)))

    @property
    def ident(self) -> PackageIdent | None:
        """The full ident, if it is one."""
        if self.version is None or self.release is None:
            return None
        return PackageIdent(self.origin, self.name, self.version, self.release)


def full_ident(text: str, needed_by: str) -> PackageIdent:
    """An ident with all four parts. Raises IdentUnclear."""
    ident = Wanted.parse(text).ident
    if ident is None or not is_storable(ident):
        raise IdentUnclear(f"'{text}' is no full ident; {needed_by} takes origin/name/version/release")
    return ident


def host_target() -> Target:
    """What this machine runs; x86_64-linux if that is none of hab's targets."""
    machine = platform.machine().lower()
    try:
        return Target.parse(f"{_SPELLINGS.get(machine, machine)}-{platform.system().lower()}")
    except TargetUnknown:
        return DEFAULT_TARGET
