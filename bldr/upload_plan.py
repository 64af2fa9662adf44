"""What an upload has to do, before anything is sent. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bldr.archives import Archive
from bldr.dependency_order import ordered
from bldr.errors import ArchiveDamaged
from bldr.packages import Described, Package
from chalicelib.core.named_revision import NamedRevision


class Step(StrEnum):
    """What becomes of an archive."""

    SEND = "send"
    SKIP = "skip"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """Archives by package, dependencies first, and the keys that go ahead of them."""

    archives: dict[Package, Archive]
    keys: tuple[NamedRevision, ...]

    @classmethod
    def of(
        cls, archives: Sequence[Archive], found_keys: Iterable[NamedRevision], named_keys: Iterable[NamedRevision]
    ) -> "UploadPlan":
        """Keys are those that signed an archive, and those that were named. Raises ArchiveDamaged, DependencyCycle."""
        by_package = _by_package(archives)
        order = ordered({package: archive.described.needs for package, archive in by_package.items()})
        wanted = {archive.key for archive in archives} | set(named_keys)
        keys = sorted(wanted & {*found_keys, *named_keys}, key=str)
        return cls({package: by_package[package] for package in order}, tuple(keys))

    @property
    def needs(self) -> dict[Package, tuple[Package, ...]]:
        """What each archive waits for."""
        return {package: archive.described.needs for package, archive in self.archives.items()}

    @property
    def origins(self) -> list[str]:
        """Whose packages and keys they are."""
        return sorted({package.origin for package in self.archives} | {key.name for key in self.keys})


def step(archive: Described, there: Described | None, forced: bool) -> Step:
    """What becomes of an archive, given what the Builder has; not even a forced upload replaces other bytes."""
    if there is None:
        return Step.SEND
    if there.checksum != archive.checksum:
        return Step.CONFLICT
    return Step.SEND if forced else Step.SKIP


def _by_package(archives: Sequence[Archive]) -> dict[Package, Archive]:
    found: dict[Package, Archive] = {}
    for archive in archives:
        other = found.setdefault(archive.package, archive)
        if other.described.checksum != archive.described.checksum:
            raise ArchiveDamaged(f"{other.path} and {archive.path} are both {archive.package}, with different bytes")
    return found
