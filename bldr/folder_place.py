"""A folder as a side of a mirroring: `harts/`, `keys/` and `manifest.json`, to be carried across an air gap."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from bldr.archives import Archive, has_checksum, read_key
from bldr.errors import ArchiveDamaged, PathUnusable
from bldr.fetched_keys import key_path, write_key
from bldr.files import copy_whole, folder, write_whole
from bldr.manifest import Manifest
from bldr.packages import UNSTABLE, Described, Package
from bldr.progress import Watch
from bldr.wanted import Wanted
from chalicelib.core.key_file import KeyFile
from chalicelib.core.named_revision import NamedRevision
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key

SAVED_EVERY_SECONDS = 1.0


class FolderPlace:
    """Source and destination alike. The manifest is written once a second at most, and when it is closed."""

    def __init__(self, root: Path, is_source: bool) -> None:
        self._root, self._manifest, self._is_source = root, root / "manifest.json", is_source
        if is_source and not self._manifest.is_file():
            raise PathUnusable(f"{root} holds no mirror: there is no manifest.json in it")
        self._packages = {described.package: described for described in self._read().packages}
        self._lock = threading.Lock()
        self._saved_at = 0.0

    def __str__(self) -> str:
        return str(self._root)

    def find(self, package: Package) -> Described | None:
        """A package of the manifest. At a destination one whose file is damaged is not there, so it comes again."""
        described = self._packages.get(package)
        if described is None or self._is_source:
            return described
        return described if has_checksum(self._path(package), described.checksum) else None

    def latest(self, wanted: Wanted, channel: str, target: Target) -> Described | None:
        """The newest release in a channel that fits; a full ident is found wherever it is."""
        fitting = [
            described
            for package, described in self._packages.items()
            if package.target is target and _fits(wanted, package) and (wanted.ident or _is_in(described, channel))
        ]
        return max(fitting, key=lambda each: _age(each.package), default=None)

    def members(self, origin: str, channel: str) -> list[Package]:
        """What is in a channel."""
        found = self._packages.items()
        return [package for package, each in found if package.origin == origin and _is_in(each, channel)]

    def everything(self) -> list[Described]:
        """All that the manifest names, whether its files are well or not."""
        return list(self._packages.values())

    def archive(self, described: Described, staging: Path, watch: Watch) -> Path:
        """The file itself. Raises ArchiveDamaged when its bytes are not those that were put there."""
        path = self._path(described.package)
        if not has_checksum(path, described.checksum):
            raise ArchiveDamaged(f"{path} is missing or damaged; its checksum is not the manifest's")
        return path

    def key(self, named: NamedRevision) -> KeyFile | None:
        """A public signing key."""
        path = key_path(self._root / "keys", named)
        return read_key(path) if path.is_file() else None

    @property
    def staging(self) -> Path:
        """Archives are fetched to where they stay."""
        return folder(self._root / "harts")

    def channels(self, origin: str) -> list[str]:
        """The channels that an origin's packages are in; a folder needs no others."""
        mine = (each for package, each in self._packages.items() if package.origin == origin)
        return sorted({channel for each in mine for channel in each.channels})

    def demand_origins(self, origins: Iterable[str], create: bool) -> None:
        """A folder takes any."""

    def has_key(self, named: NamedRevision) -> bool:
        """Whether a public key is there."""
        return key_path(self._root / "keys", named).is_file()

    def put_key(self, key: KeyFile) -> None:
        """Write a key."""
        write_key(folder(self._root / "keys"), key)

    def put(self, archive: Archive, watch: Watch) -> None:
        """Take an archive that was fetched to its place, or copy it there."""
        path = self.staging / archive.package.archive_name
        if archive.path != path:
            copy_whole(archive.path, path)
        self._change(archive.package, lambda before: replace(archive.described, channels=before.channels))

    def create_channel(self, origin: str, channel: str) -> None:
        """Channels of a folder are what its packages are in."""

    def promote(self, package: Package, channel: str) -> None:
        """Put a package into a channel."""
        self._change(package, lambda each: replace(each, channels=each.channels | {channel}))

    def demote(self, package: Package, channel: str) -> None:
        """Take a package out of a channel."""
        self._change(package, lambda each: replace(each, channels=each.channels - {channel}))

    def close(self) -> None:
        """Write the manifest."""
        with self._lock:
            folder(self._root)
            self._save()

    def _change(self, package: Package, change: Callable[[Described], Described]) -> None:
        with self._lock:
            self._packages[package] = change(self._packages.get(package) or Described(package, ""))
            if time.monotonic() >= self._saved_at + SAVED_EVERY_SECONDS:
                self._save()

    def _save(self) -> None:
        write_whole(self._manifest, Manifest(tuple(self._packages.values())).text.encode())
        self._saved_at = time.monotonic()

    def _read(self) -> Manifest:
        try:
            return Manifest.parse(self._manifest.read_text(), str(self._manifest))
        except FileNotFoundError:
            return Manifest()
        except (OSError, UnicodeDecodeError):
            raise PathUnusable(f"{self._manifest} cannot be read") from None

    def _path(self, package: Package) -> Path:
        return self._root / "harts" / package.archive_name


def _is_in(described: Described, channel: str) -> bool:
    return channel == UNSTABLE or channel in described.channels


def _fits(wanted: Wanted, package: Package) -> bool:
    ident = package.ident
    return (
        (ident.origin, ident.name) == (wanted.origin, wanted.name)
        and wanted.version in (None, ident.version)
        and wanted.release in (None, ident.release)
    )


def _age(package: Package) -> str:
    return release_key(package.ident.version, package.ident.release) or ""
