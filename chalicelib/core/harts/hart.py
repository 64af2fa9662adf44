"""Metadata of package archives (`.hart` files), which count as hostile input (packages.md section 12).

`read_hart` is check 4 of an upload. The functions on an archive are checks 5, 6 and 13, which callers may run in any
order (packages.md section 7).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import chain
from typing import BinaryIO

from msgspec import Struct

from chalicelib.core import strict_base64
from chalicelib.core.deferred import deferred
from chalicelib.core.harts.hart_limits import DEFAULT_LIMITS, LIST_ENTRIES, HartLimits
from chalicelib.core.harts.hart_refusals import (
    HartRefused,
    HartUnreadable,
    MetadataInvalid,
    PackageTypeUnknown,
    TargetRefused,
    one_line,
)
from chalicelib.core.ident import IdentMalformed, PackageIdent, is_storable
from chalicelib.core.keys.named_revision import NamedRevision, NamedRevisionMalformed
from chalicelib.core.target import Target, TargetUnknown

with deferred():
    from chalicelib.core.harts import hart_payload

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
    """The values of the metafile PACKAGE_TYPE."""

    STANDARD = "standard"
    NATIVE = "native"


class HartArchive(Struct, frozen=True):
    """An archive that was read to its end. Its signature is not checked (packages.md section 7).

    checksum: BLAKE2b-256 of all bytes, in lower-case hex.
    size: number of bytes.
    signer, signer_revision: name and revision of the signing key.
    metafiles: trimmed texts of the metafiles, by name.
    """

    checksum: str
    size: int
    signer: str
    signer_revision: str
    metafiles: Mapping[str, str]


def read_hart(stream: BinaryIO, limits: HartLimits = DEFAULT_LIMITS) -> HartArchive:
    """Return the metadata of an archive, read to its end in one pass. Raises HartUnreadable.

    Only the stream's `read` is called, with blocks of 256 KiB. It may return fewer bytes; an empty result means the
    end.
    """
    archive = _Blocks(stream)
    blocks = iter(archive)
    signer, payload = _header(blocks, limits)
    metafiles = hart_payload.metafiles(chain([payload], blocks), limits)
    return HartArchive(archive.checksum, archive.size, signer.name, signer.revision, metafiles)


def package_type(archive: HartArchive) -> PackageType:
    """Return the package type, by default `standard`: check 5. Raises PackageTypeUnknown."""
    text = archive.metafiles.get("PACKAGE_TYPE", PackageType.STANDARD)
    try:
        return PackageType(text)
    except ValueError:
        raise PackageTypeUnknown(f"PACKAGE_TYPE is '{one_line(text, 80)}'") from None


def target(archive: HartArchive) -> Target:
    """Return the target: check 6. Raises TargetRefused."""
    text = archive.metafiles.get("TARGET")
    if text is None:
        raise TargetRefused("TARGET is missing")
    try:
        return Target.parse(text)
    except TargetUnknown:
        raise TargetRefused(str(TargetUnknown(one_line(text, 80)))) from None


def ident(archive: HartArchive) -> PackageIdent:
    """Return the ident. Raises MetadataInvalid, also for an ident that keys cannot hold (`is_storable`)."""
    return _ident("IDENT", _required(archive, "IDENT"))


def manifest(archive: HartArchive) -> str:
    """Return the Markdown text that describes the build. Raises MetadataInvalid."""
    return _required(archive, "MANIFEST")


def config(archive: HartArchive) -> str:
    """Return the text of default.toml, empty if it is missing."""
    return archive.metafiles.get("default.toml", "")


def deps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Return the direct run-time dependencies, in the file's order. Raises MetadataInvalid."""
    return _idents(archive, "DEPS")


def tdeps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Return all run-time dependencies, in the file's order. Raises MetadataInvalid."""
    return _idents(archive, "TDEPS")


def build_deps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Return the direct build dependencies, in the file's order. Raises MetadataInvalid."""
    return _idents(archive, "BUILD_DEPS")


def build_tdeps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Return all build dependencies, in the file's order. Raises MetadataInvalid."""
    return _idents(archive, "BUILD_TDEPS")


def lines(archive: HartArchive, metafile: str) -> list[str]:
    """Return the lines of a metafile, unchecked; none if it is missing."""
    return [line.removesuffix("\r") for line in archive.metafiles.get(metafile, "").split("\n")]


def exposes(archive: HartArchive) -> tuple[int, ...]:
    """Return the exposed ports, 0 to 65535, in the file's order. Raises MetadataInvalid."""
    words = archive.metafiles.get("EXPOSES", "").split(maxsplit=LIST_ENTRIES)
    _demand_short("EXPOSES", len(words))
    return tuple(_port(word) for word in words)


class _Blocks:
    """The blocks of an archive, hashed and counted while they are read."""

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
    """Return the name of the signing key, and the beginning of the payload that was read with the header."""
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
            raise HartUnreadable("line 4 is not a signature")
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
    _demand_short(metafile, text.count("\n") + 1)
    return tuple(_ident(metafile, line.removesuffix("\r")) for line in text.split("\n")) if text else ()


def _demand_short(metafile: str, entries: int) -> None:
    if entries > LIST_ENTRIES:
        raise MetadataInvalid.too_long(metafile, LIST_ENTRIES)


def _ident(metafile: str, text: str) -> PackageIdent:
    try:
        parsed = PackageIdent.parse(text)
    except IdentMalformed:
        parsed = None
    if parsed is None or not is_storable(parsed):
        raise MetadataInvalid.invalid(metafile, text, "full ident")
    return parsed


def _port(word: str) -> int:
    digits = _PORT.fullmatch(word)
    if digits is None or int(digits[1]) > 65535:
        raise MetadataInvalid.invalid("EXPOSES", word, "port")
    return int(digits[1])
