"""Package archives in local files: find them, read their metadata (packages.md 12), and compute checksums."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from bldr.errors import ArchiveDamaged, PathUnusable
from bldr.packages import Package, PackageDetails, is_valid_ident
from chalicelib.core.harts import hart
from chalicelib.core.harts.hart import HartRefused
from chalicelib.core.ident import is_origin_name
from chalicelib.core.keys.named_revision import NamedRevision, NamedRevisionMalformed

BLOCK_BYTES = 1 << 20
HEADER_BYTES = 4096


class Archive(Struct, frozen=True):
    """A package archive in a file: the details of the package, the size in bytes and the name of the signing key."""

    path: Path
    details: PackageDetails
    size: int
    signing_key: NamedRevision

    @property
    def package(self) -> Package:
        """The package in the archive."""
        return self.details.package


class LocalFiles(Struct, frozen=True):
    """The files below the paths of a command.

    `keys` may be public keys: they end in `.pub` and were found in folders. `named_keys` are paths of the command.
    """

    archives: tuple[Path, ...]
    keys: tuple[Path, ...]
    named_keys: tuple[Path, ...]


def find_files(paths: Iterable[Path]) -> LocalFiles:
    """Find archives and files of public keys; folders are searched recursively. Raises PathUnusable.

    Keys in the folder of a named archive, or in the `keys` folder beside it, are found too.
    """
    archives: list[Path] = []
    keys: list[Path] = []
    named_keys: list[Path] = []
    for path in paths:
        if path.is_dir():
            archives += _files_below(path, "*.hart")
            keys += _files_below(path, "*.pub")
        elif path.suffix == ".hart" and path.is_file():
            archives.append(path)
            keys += _keys_near(path)
        elif path.suffix == ".pub" and path.is_file():
            named_keys.append(path)
        else:
            raise PathUnusable(f"{path} is not a folder, a .hart file or a .pub file")
    return LocalFiles(_distinct(archives), _distinct(keys), _distinct(named_keys))


def read_archive(path: Path) -> Archive:
    """Read an archive completely. Raises ArchiveDamaged, PathUnusable."""
    try:
        with path.open("rb") as file:
            archive = hart.read_hart(file)
        ident, target, tdeps = hart.ident(archive), hart.target(archive), hart.tdeps(archive)
        signing_key = NamedRevision(archive.signer, archive.signer_revision)
    except HartRefused as problem:
        reason = str(problem).rpartition("err=")[2]
        raise ArchiveDamaged(f"{path} is not a package archive: {reason}") from None
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be read: {problem.strerror}") from None
    if not is_valid_ident(ident):
        raise ArchiveDamaged(f"{path} contains {ident}, which is not an ident that a Builder accepts")
    return Archive(path, PackageDetails(Package(ident, target), archive.checksum, tdeps), archive.size, signing_key)


def read_signing_key(path: Path) -> NamedRevision:
    """Return the name of the key that signed an archive, from its header. Raises ArchiveDamaged, PathUnusable."""
    try:
        with path.open("rb") as file:
            lines = file.read(HEADER_BYTES).split(b"\n")
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be read: {problem.strerror}") from None
    try:
        signing_key = NamedRevision.parse(lines[1].decode().strip())
    except (IndexError, UnicodeDecodeError, NamedRevisionMalformed):
        raise ArchiveDamaged(f"{path} does not name the key that signed it") from None
    if not is_origin_name(signing_key.name):
        raise ArchiveDamaged(f"{path} names a signing key that no origin can have")
    return signing_key


def checksum_of(path: Path) -> str:
    """Return the BLAKE2b-256 checksum of a file in lower-case hexadecimal."""
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def has_checksum(path: Path, checksum: str) -> bool:
    """Return whether a file exists and has this checksum."""
    return path.is_file() and checksum_of(path) == checksum


def _files_below(folder: Path, pattern: str) -> list[Path]:
    return _visible_files(folder.rglob(pattern))


def _keys_near(archive: Path) -> Iterator[Path]:
    """The keys in the folder of an archive, and where hab's layout has them."""
    for folder in (archive.parent, archive.parent.parent / "keys"):
        yield from _visible_files(folder.glob("*.pub"))


def _visible_files(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.is_file() and not path.name.startswith("."))


def _distinct(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(paths))
