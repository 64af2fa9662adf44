"""The plan of an upload: archives in dependency order, the keys that signed them, and what to do with each archive."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from bldr.archives import Archive
from bldr.dependency_order import in_dependency_order
from bldr.errors import ArchiveDamaged
from bldr.packages import Package, PackageDetails
from chalicelib.core.keys.named_revision import NamedRevision


class Action(StrEnum):
    """What to do with an archive."""

    SEND = "send"
    SKIP = "skip"
    CONFLICT = "conflict"


class UploadPlan(Struct, frozen=True):
    """Archives by package, dependencies first, and the keys to upload before them."""

    archives: dict[Package, Archive]
    keys: tuple[NamedRevision, ...]

    @classmethod
    def of(cls, archives: Sequence[Archive], keys: Iterable[NamedRevision]) -> "UploadPlan":
        """Plan to upload archives and keys. Raises ArchiveDamaged, DependencyCycle."""
        by_package = _by_package(archives)
        order = in_dependency_order({package: archive.details.dependencies for package, archive in by_package.items()})
        return cls({package: by_package[package] for package in order}, tuple(sorted(keys, key=str)))

    @property
    def dependencies(self) -> dict[Package, tuple[Package, ...]]:
        """The dependencies of each archive."""
        return {package: archive.details.dependencies for package, archive in self.archives.items()}

    @property
    def origins(self) -> list[str]:
        """The origins of packages and keys."""
        return sorted({package.origin for package in self.archives} | {key.name for key in self.keys})


def action_for(archive: PackageDetails, published: PackageDetails | None, forced: bool) -> Action:
    """Return what to do with an archive, given what the Builder has. Different bytes are a conflict, even if forced."""
    if published is None:
        return Action.SEND
    if published.checksum != archive.checksum:
        return Action.CONFLICT
    return Action.SEND if forced else Action.SKIP


def _by_package(archives: Sequence[Archive]) -> dict[Package, Archive]:
    by_package: dict[Package, Archive] = {}
    for archive in archives:
        first = by_package.setdefault(archive.package, archive)
        if first.details.checksum != archive.details.checksum:
            raise ArchiveDamaged(f"{first.path} and {archive.path} are both {archive.package}, with different bytes")
    return by_package
