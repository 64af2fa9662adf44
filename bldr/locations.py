"""The source and the destination of a sync. Each is a location: a Builder or a folder."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from bldr.archives import Archive
from bldr.packages import Package, PackageDetails
from bldr.progress import ProgressReporter
from bldr.requested_ident import RequestedIdent
from chalicelib.core.keys.key_file import KeyFile
from chalicelib.core.keys.named_revision import NamedRevision
from chalicelib.core.target import Target


class Location(Protocol):
    """The reads that source and destination share. `str()` names the location in messages."""

    def find(self, package: Package) -> PackageDetails | None:
        """Return the details of a package, or None if the location does not have it."""

    def all_channels(self, origin: str) -> list[str]:
        """Return the names of all channels of an origin, with those of job groups."""

    def members(self, origin: str, channel: str) -> list[Package]:
        """Return the packages in a channel."""


class Source(Location, Protocol):
    """The location that packages are copied from."""

    def latest(self, requested: RequestedIdent, channel: str, target: Target) -> PackageDetails | None:
        """Return the latest release in a channel that matches, else None."""

    def archive(self, details: PackageDetails, staging: Path, progress: ProgressReporter) -> Path:
        """Return the path of the archive, which is downloaded to `staging` if it is not local."""

    def key(self, name: NamedRevision) -> KeyFile | None:
        """Return a public signing key, or None if the location does not have it."""


class Destination(Location, Protocol):
    """The location that packages are copied to. Every write is idempotent."""

    @property
    def staging(self) -> Path:
        """The folder that archives are downloaded to."""

    def ensure_origins(self, origins: Iterable[str], create: bool) -> None:
        """Require that origins exist, or create them. Raises ChangeRefused."""

    def has_key(self, name: NamedRevision) -> bool:
        """Return whether the location has a public signing key."""

    def put_key(self, key: KeyFile) -> None:
        """Store a public signing key."""

    def put(self, archive: Archive, progress: ProgressReporter) -> None:
        """Store an archive. A file in the staging folder may be moved or deleted."""

    def create_channel(self, origin: str, channel: str) -> None:
        """Create a channel unless it exists."""

    def promote(self, package: Package, channel: str) -> None:
        """Promote a package to a channel."""

    def demote(self, package: Package, channel: str) -> None:
        """Demote a package from a channel."""

    def close(self) -> None:
        """Write everything that is still in memory."""
