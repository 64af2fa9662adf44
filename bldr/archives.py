"""Archives and keys in files: finding them, and reading what an archive says about itself (packages.md 12)."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bldr.answers import is_safe
from bldr.errors import ArchiveDamaged, PathUnusable
from bldr.packages import Described, Package
from chalicelib.core import hart
from chalicelib.core.hart import HartRefused
from chalicelib.core.ident import is_origin_name, is_package_name
from chalicelib.core.key_file import KeyFile, KeyFileMalformed, KeyKind
from chalicelib.core.named_revision import NamedRevision, NamedRevisionMalformed

BLOCK_BYTES = 1 << 20
HEADER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive in a file: what it is, its size in bytes, and the key that signed it."""

    path: Path
    described: Described
    size: int
    key: NamedRevision

    @property
    def package(self) -> Package:
        """The package in it."""
        return self.described.package


@dataclass(frozen=True, slots=True)
class Found:
    """Files below the paths of a command; `named_keys` are those that were named themselves."""

    archives: tuple[Path, ...]
    keys: tuple[Path, ...]
    named_keys: frozenset[Path]


def look_in(paths: Iterable[Path]) -> Found:
    """Archives and public keys in folders and below, named files, and keys beside these. Raises PathUnusable."""
    archives: dict[Path, None] = {}
    keys: dict[Path, None] = {}
    named = set()
    for path in paths:
        if path.is_dir():
            archives |= dict.fromkeys(_files(path, "*.hart"))
            keys |= dict.fromkeys(_files(path, "*.pub"))
        elif path.suffix == ".hart" and path.is_file():
            archives[path] = None
            keys |= dict.fromkeys(_beside(path))
        elif path.suffix == ".pub" and path.is_file():
            keys[path] = None
            named.add(path)
        else:
            raise PathUnusable(f"{path} is no folder, no .hart and no .pub file")
    return Found(tuple(archives), tuple(keys), frozenset(named))


def read_archive(path: Path) -> Archive:
    """Read an archive to its end. Raises ArchiveDamaged, PathUnusable."""
    try:
        with path.open("rb") as file:
            read = hart.read_hart(file)
        ident, target, tdeps = hart.ident(read), hart.target(read), hart.tdeps(read)
        key = NamedRevision(read.signer, read.signer_revision)
    except HartRefused as problem:
        raise ArchiveDamaged(f"{path} is no package archive: {str(problem).rpartition('err=')[2]}") from None
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be read: {problem.strerror}") from None
    if not (is_origin_name(ident.origin) and is_package_name(ident.name) and is_safe(ident)):
        raise ArchiveDamaged(f"{path} calls itself {ident}, which is no ident that a Builder takes")
    return Archive(path, Described(Package(ident, target), read.checksum, tdeps), read.size, key)


def read_key(path: Path) -> KeyFile | None:
    """A public signing key; None for an encryption key, whose file is called the same. Raises PathUnusable."""
    try:
        text = path.read_text()
        if text.startswith(KeyKind.PUBLIC_ENCRYPTION.version):
            return None
        return KeyFile.parse(text, KeyKind.PUBLIC_SIGNING)
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise PathUnusable(f"{path} is no key: it is no text") from None
    except KeyFileMalformed as problem:
        raise PathUnusable(f"{path} is no public signing key: {problem.reason}") from None


def signer(path: Path) -> NamedRevision:
    """Which key signed an archive, from its header alone. Raises ArchiveDamaged."""
    with path.open("rb") as file:
        lines = file.read(HEADER_BYTES).split(b"\n")
    try:
        named = NamedRevision.parse(lines[1].decode().strip())
    except (IndexError, UnicodeDecodeError, NamedRevisionMalformed):
        raise ArchiveDamaged(f"{path} does not say which key signed it") from None
    if not is_origin_name(named.name):
        raise ArchiveDamaged(f"{path} names a key that no origin can have")
    return named


def checksum_of(path: Path) -> str:
    """BLAKE2b-256 of a file in lower hex."""
    found = hashlib.blake2b(digest_size=32)
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()


def has_checksum(path: Path, checksum: str) -> bool:
    """Whether a file is there and holds exactly these bytes."""
    return path.is_file() and checksum_of(path) == checksum


def _beside(path: Path) -> Iterator[Path]:
    """Keys in the archive's folder, or where hab's layout has them."""
    for folder in (path.parent, path.parent.parent / "keys"):
        yield from sorted(folder.glob("*.pub"))


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if path.is_file() and not path.name.startswith("."))
