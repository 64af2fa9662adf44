"""A Builder as the source or the destination of a sync."""

from collections.abc import Iterable
from pathlib import Path

from bldr.archives import Archive
from bldr.cache import cache_folder
from bldr.client import Builder
from bldr.downloads import download_archive
from bldr.files import make_folder
from bldr.origins import ensure_origins
from bldr.packages import PackageDetails
from bldr.progress import ProgressReporter
from bldr.uploads import DEFAULT_OPTIONS, upload_archive
from chalicelib.core.keys.named_revision import NamedRevision


class BuilderLocation(Builder):
    """Client of a Builder with the operations that a sync adds. Archives are staged in the cache folder."""

    def all_channels(self, origin: str) -> list[str]:
        """Return the names of all channels of an origin, with those of job groups."""
        return self.channels(origin, with_build_groups=True)

    def archive(self, details: PackageDetails, staging: Path, progress: ProgressReporter) -> Path:
        """Download an archive to `staging`, or resume its download, and return its path."""
        path = staging / details.package.archive_name
        download_archive(self, details, path, progress)
        return path

    @property
    def staging(self) -> Path:
        """The folder for archives between download and upload. It survives an interrupted sync."""
        return make_folder(cache_folder() / "sync")

    def ensure_origins(self, origins: Iterable[str], create: bool) -> None:
        """Require that origins exist, or create them. Raises ChangeRefused."""
        ensure_origins(self, origins, create)

    def has_key(self, name: NamedRevision) -> bool:
        """Return whether the Builder has a public signing key."""
        return self.key(name) is not None

    def put(self, archive: Archive, progress: ProgressReporter) -> None:
        """Upload an archive; delete the file if it is in the staging folder."""
        with progress.transfer(f"uploading {archive.package}", archive.size) as advance:
            upload_archive(self, archive, DEFAULT_OPTIONS, advance)
        if archive.path.parent == self.staging:
            archive.path.unlink()

    def close(self) -> None:
        """Do nothing: the Builder has stored every change already."""
