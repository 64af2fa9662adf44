"""A folder as the source or the destination of a sync, for transport across an air gap.

It contains the archives in `harts/`, the public keys in `keys/`, and `manifest.json`.
"""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec.structs import replace

from bldr.archives import Archive, has_checksum
from bldr.errors import ArchiveDamaged, PathUnusable
from bldr.files import copy_atomically, make_folder, write_atomically
from bldr.manifest import Manifest
from bldr.packages import UNSTABLE, Package, PackageDetails
from bldr.progress import ProgressReporter
from bldr.public_keys import key_path, read_key, write_key
from bldr.requested_ident import RequestedIdent
from chalicelib.core.keys.key_file import KeyFile
from chalicelib.core.keys.named_revision import NamedRevision
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key

SAVE_INTERVAL_SECONDS = 1.0


class FolderLocation:
    """A folder with a manifest. Changes of the manifest are saved at most once a second, and by `close`."""

    def __init__(self, root: Path, is_source: bool) -> None:
        self._root, self._is_source = root, is_source
        self._manifest_path = root / "manifest.json"
        if is_source and not self._manifest_path.is_file():
            raise PathUnusable(f"{root} is not a mirror: it does not contain manifest.json")
        self._packages = {details.package: details for details in self._read_manifest().packages}
        self._lock = threading.Lock()
        self._saved_at = 0.0

    def __str__(self) -> str:
        return str(self._root)

    def find(self, package: Package) -> PackageDetails | None:
        """Return a package of the manifest, else None.

        A destination does not have a package whose archive is damaged, so that a sync copies it again.
        """
        details = self._packages.get(package)
        if details is None or self._is_source:
            return details
        return details if has_checksum(self._archive_path(package), details.checksum) else None

    def latest(self, requested: RequestedIdent, channel: str, target: Target) -> PackageDetails | None:
        """Return the latest release in a channel that matches; a fully qualified ident is found in any channel."""
        matches = [
            details
            for package, details in self._packages.items()
            if package.target is target
            and requested.matches(package.ident)
            and (requested.full or _is_in(details, channel))
        ]
        return max(matches, key=lambda details: _version_order(details.package), default=None)

    def members(self, origin: str, channel: str) -> list[Package]:
        """Return the packages in a channel."""
        packages = self._packages.items()
        return [package for package, details in packages if package.origin == origin and _is_in(details, channel)]

    def all_packages(self) -> list[PackageDetails]:
        """Return all packages of the manifest, without a check of their archives."""
        return list(self._packages.values())

    def archive(self, details: PackageDetails, staging: Path, progress: ProgressReporter) -> Path:
        """Return the path of an archive. Raises ArchiveDamaged if its checksum is not the one in the manifest."""
        path = self._archive_path(details.package)
        if not has_checksum(path, details.checksum):
            raise ArchiveDamaged(f"{path} is missing or damaged; its checksum is not the one in the manifest")
        return path

    def key(self, name: NamedRevision) -> KeyFile | None:
        """Return a public signing key, or None if the folder does not have it."""
        path = key_path(self._root / "keys", name)
        return read_key(path) if path.is_file() else None

    @property
    def staging(self) -> Path:
        """The folder of the archives themselves."""
        return make_folder(self._root / "harts")

    def all_channels(self, origin: str) -> list[str]:
        """Return the channels of the packages of an origin. A folder has no empty channels."""
        packages = [details for package, details in self._packages.items() if package.origin == origin]
        return sorted({channel for details in packages for channel in details.channels})

    def ensure_origins(self, origins: Iterable[str], create: bool) -> None:
        """Do nothing: a folder accepts all origins."""

    def has_key(self, name: NamedRevision) -> bool:
        """Return whether the folder has a public signing key."""
        return key_path(self._root / "keys", name).is_file()

    def put_key(self, key: KeyFile) -> None:
        """Write a public signing key."""
        write_key(make_folder(self._root / "keys"), key)

    def put(self, archive: Archive, progress: ProgressReporter) -> None:
        """Add an archive to the manifest; copy the file unless it was downloaded to the staging folder."""
        path = self.staging / archive.package.archive_name
        if archive.path != path:
            copy_atomically(archive.path, path)
        self._change(archive.package, lambda before: replace(archive.details, channels=before.channels))

    def create_channel(self, origin: str, channel: str) -> None:
        """Do nothing: a channel exists once a package is in it."""

    def promote(self, package: Package, channel: str) -> None:
        """Add a package to a channel."""
        self._change(package, lambda details: replace(details, channels=details.channels | {channel}))

    def demote(self, package: Package, channel: str) -> None:
        """Remove a package from a channel."""
        self._change(package, lambda details: replace(details, channels=details.channels - {channel}))

    def close(self) -> None:
        """Save the manifest."""
        with self._lock:
            make_folder(self._root)
            self._save()

    def _change(self, package: Package, change: Callable[[PackageDetails], PackageDetails]) -> None:
        with self._lock:
            self._packages[package] = change(self._packages.get(package) or PackageDetails(package, ""))
            if time.monotonic() >= self._saved_at + SAVE_INTERVAL_SECONDS:
                self._save()

    def _save(self) -> None:
        write_atomically(self._manifest_path, Manifest(tuple(self._packages.values())).encode())
        self._saved_at = time.monotonic()

    def _read_manifest(self) -> Manifest:
        try:
            return Manifest.parse(self._manifest_path.read_bytes(), str(self._manifest_path))
        except FileNotFoundError:
            return Manifest()
        except OSError as problem:
            raise PathUnusable(f"{self._manifest_path} cannot be read: {problem.strerror}") from None

    def _archive_path(self, package: Package) -> Path:
        return self._root / "harts" / package.archive_name


def _is_in(details: PackageDetails, channel: str) -> bool:
    return channel == UNSTABLE or channel in details.channels


def _version_order(package: Package) -> str:
    return release_key(package.ident.version, package.ident.release) or ""
