"""Package archives: what a `.hart` file says about itself, read as hostile input (packages.md section 12).

`read_hart` is check 4 of an upload; the functions on a read archive are checks 5, 6 and 13, in whatever order the
caller needs them (packages.md section 7).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import BinaryIO

from chalicelib.core import strict_base64
from chalicelib.core.hart_limits import DEFAULT_LIMITS, HartLimits
from chalicelib.core.hart_refusals import (
    HartRefused,
    HartUnreadable,
    MetadataInvalid,
    PackageTypeUnknown,
    TargetRefused,
    one_line,
)
from chalicelib.core.ident import IdentMalformed, PackageIdent, is_storable
from chalicelib.core.named_revision import NamedRevision, NamedRevisionMalformed
from chalicelib.core.target import Target, TargetUnknown

__all__ = [
    "DEFAULT_LIMITS",
    "HartArchive",
    "HartLimits",
    "HartRefused",
    "HartUnreadable",
    "MetadataInvalid",
    "PackageType",
    "PackageTypeUnknown",
    "TargetRefused",
    "build_deps",
    "build_tdeps",
    "config",
    "deps",
    "exposes",
    "ident",
    "manifest",
    "package_type",
    "read_hart",
    "target",
    "tdeps",
]

BLOCK_BYTES = 256 << 10
HEADER_LINES = 5

_PORT = re.compile("0*([0-9]{1,5})")


class PackageType(StrEnum):
    """How a package was built, spelled as in the metafile."""

    STANDARD = "standard"
    NATIVE = "native"


@dataclass(frozen=True, slots=True)
class HartArchive:
    """An archive that was read to its end; its signature is not checked (packages.md section 7).

    The BLAKE2b-256 of all its bytes in lower hex, their number, the signing key's name and revision, and the trimmed
    texts of the metafiles by name.
    """

    checksum: str
    size: int
    signer: str
    signer_revision: str
    metafiles: Mapping[str, str] = field(repr=False)


def read_hart(stream: BinaryIO, limits: HartLimits = DEFAULT_LIMITS) -> HartArchive:
    """Read an archive to its end in one pass, in blocks of 256 KiB. Raises HartUnreadable.

    Of the stream only `read` is used, which may return less than asked for, and nothing only at the end.
    """
    # what only uploads need stays out of the cold start
    from chalicelib.core import hart_payload

    archive = _Blocks(stream)
    blocks = iter(archive)
    signer, first = _header(blocks, limits)
    metafiles = hart_payload.metafiles(chain([first], blocks), limits)
    return HartArchive(archive.checksum, archive.size, signer.name, signer.revision, metafiles)


def package_type(archive: HartArchive) -> PackageType:
    """Check 5; `standard` when the archive does not say. Raises PackageTypeUnknown."""
    text = archive.metafiles.get("PACKAGE_TYPE", PackageType.STANDARD)
    try:
        return PackageType(text)
    except ValueError:
        raise PackageTypeUnknown(f"PACKAGE_TYPE is '{one_line(text, 80)}'") from None


def target(archive: HartArchive) -> Target:
    """Check 6. Raises TargetRefused."""
    text = archive.metafiles.get("TARGET")
    if text is None:
        raise TargetRefused("TARGET is missing")
    try:
        return Target.parse(text)
    except TargetUnknown:
        raise TargetRefused(str(TargetUnknown(one_line(text, 80)))) from None


def ident(archive: HartArchive) -> PackageIdent:
    """What the archive calls itself. Raises MetadataInvalid, also for an ident that no key could hold."""
    return _ident("IDENT", _required(archive, "IDENT"))


def manifest(archive: HartArchive) -> str:
    """The Markdown text about the build. Raises MetadataInvalid."""
    return _required(archive, "MANIFEST")


def config(archive: HartArchive) -> str:
    """The text of default.toml, empty when absent."""
    return archive.metafiles.get("default.toml", "")


def deps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Direct dependencies at run time, in the file's order. Raises MetadataInvalid."""
    return _idents(archive, "DEPS")


def tdeps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """All dependencies at run time, in the file's order. Raises MetadataInvalid."""
    return _idents(archive, "TDEPS")


def build_deps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Direct dependencies of the build, in the file's order. Raises MetadataInvalid."""
    return _idents(archive, "BUILD_DEPS")


def build_tdeps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """All dependencies of the build, in the file's order. Raises MetadataInvalid."""
    return _idents(archive, "BUILD_TDEPS")


def exposes(archive: HartArchive) -> tuple[int, ...]:
    """Ports, 0 to 65535, in the file's order. Raises MetadataInvalid."""
    return tuple(_port(word) for word in archive.metafiles.get("EXPOSES", "").split())


class _Blocks:
    """The bytes of an archive, hashed and counted as they pass."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.blake2b(digest_size=32)
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        while block := self._stream.read(BLOCK_BYTES):
            self._hash.update(block)
            self.size += len(block)
            yield block

    @property
    def checksum(self) -> str:
        return self._hash.hexdigest()


def _header(blocks: Iterator[bytes], limits: HartLimits) -> tuple[NamedRevision, bytes]:
    """Who signed, and what of the payload was read along with the header."""
    start = b""
    while start.count(b"\n") < HEADER_LINES and len(start) < limits.header:
        block = next(blocks, b"")
        if not block:
            raise HartUnreadable("the file ends within its header" if start else "the file is empty")
        start += block
    *lines, payload = start.split(b"\n", HEADER_LINES)
    if len(lines) < HEADER_LINES or len(start) - len(payload) > limits.header:
        raise HartUnreadable("the header is too long")
    return _signer(lines), payload


def _signer(lines: list[bytes]) -> NamedRevision:
    try:
        form, signer, algorithm, signature, blank = (line.decode().strip() for line in lines)
    except UnicodeDecodeError:
        raise HartUnreadable("the header is not UTF-8") from None
    if form != "HART-1":
        raise HartUnreadable("line 1 is not HART-1")
    if algorithm != "BLAKE2b":
        raise HartUnreadable("line 3 is not BLAKE2b")
    if blank:
        raise HartUnreadable("line 5 is not empty")
    try:
        if not strict_base64.decoded(signature):
            raise HartUnreadable("line 4 holds no signature")
        return NamedRevision.parse(signer)
    except strict_base64.Base64Malformed:
        raise HartUnreadable("line 4 is not padded Base64") from None
    except NamedRevisionMalformed:
        raise HartUnreadable("line 2 is not <key name>-<revision>") from None


def _required(archive: HartArchive, metafile: str) -> str:
    text = archive.metafiles.get(metafile)
    if text is None:
        raise MetadataInvalid.missing(metafile)
    return text


def _idents(archive: HartArchive, metafile: str) -> tuple[PackageIdent, ...]:
    text = archive.metafiles.get(metafile, "")
    return tuple(_ident(metafile, line.removesuffix("\r")) for line in text.split("\n")) if text else ()


def _ident(metafile: str, text: str) -> PackageIdent:
    try:
        found = PackageIdent.parse(text)
    except IdentMalformed:
        found = None
    if found is None or not is_storable(found):
        raise MetadataInvalid.wrong(metafile, text, "full ident")
    return found


def _port(word: str) -> int:
    digits = _PORT.fullmatch(word)
    if digits is None or int(digits[1]) > 65535:
        raise MetadataInvalid.wrong("EXPOSES", word, "port")
    return int(digits[1])
