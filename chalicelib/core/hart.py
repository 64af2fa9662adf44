"""Reading `.hart` archives, which are hostile input until proven otherwise (packages.md section 12).

One pass over a stream, memory bounded, nothing extracted, links ignored. Reading an archive and understanding its metafiles are
apart, because an upload is refused in a fixed order of reasons.
"""

import hashlib
import lzma
import re
import tarfile
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from chalicelib.core.ident import IdentMalformed, PackageIdent, is_storable
from chalicelib.core.named_revision import NamedRevision, NamedRevisionMalformed
from chalicelib.core.target import Target, TargetUnknown

KIB, MIB = 1024, 1024 * 1024
BLOCK = 256 * KIB
METAFILES = frozenset(
    "CFLAGS default.toml DEPS TDEPS BUILD_DEPS BUILD_TDEPS EXPOSES IDENT LD_RUN_PATH LDFLAGS SVC_USER SVC_GROUP MANIFEST PATH"
    " TARGET PACKAGE_TYPE".split()
)
_METAFILE_PATH = re.compile(r"/?(?:opt/)?hab/pkgs/[^/]+/[^/]+/[^/]+/[^/]+/([^/]+)")


class HartRefused(ValueError):
    """An archive that cannot be published; the text is one line for the client."""


class HartUnreadable(HartRefused):
    """Header, compression or tar are damaged, or a limit is passed (upload check 4)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"ds:up:0, err={_one_line(reason)}")


class PackageTypeUnknown(HartRefused):
    """PACKAGE_TYPE is none of the known types (upload check 5)."""

    def __init__(self, value: str) -> None:
        super().__init__(f"ds:up:0, err=unknown package type {_shown(value)}")


class TargetRefused(HartRefused):
    """TARGET is missing or unknown (upload check 6)."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"ds:up:1, err={_one_line(reason)}")


class MetadataInvalid(HartRefused):
    """A metafile is missing or holds something that does not belong there (upload check 13)."""

    def __init__(self, name: str, problem: str, value: str | None = None) -> None:
        said = "" if value is None else f": {_shown(value)}"
        super().__init__(f"{name} {problem}{said}")


@dataclass(frozen=True, slots=True)
class HartLimits:
    """How much an archive may ask of its reader. Sizes in bytes.

    68 MiB of LZMA memory admits `xz -9`, which real users run and which needs 65 MiB; hab itself uses 9 MiB. The ratio stops
    bombs: real archives shrink to a fifth, and a small one may unfold to 256 MiB at most.
    """

    header: int = 4 * KIB
    lzma_memory: int = 68 * MIB
    members: int = 300_000
    metafile: int = MIB
    manifest: int = 16 * MIB
    metafiles_total: int = 32 * MIB
    tar_extension: int = 64 * KIB
    unfolded_floor: int = 256 * MIB
    unfolded_ratio: int = 200


DEFAULT_LIMITS = HartLimits()


@dataclass(frozen=True, slots=True)
class HartArchive:
    """What one pass over an archive found: checksum of the whole file, its size, who signed it, and the trimmed metafiles."""

    checksum: str
    size: int
    signer: NamedRevision
    metafiles: Mapping[str, str] = field(repr=False)


def read_hart(stream: BinaryIO, limits: HartLimits = DEFAULT_LIMITS) -> HartArchive:
    """Read a whole archive. Raises HartUnreadable, whatever the bytes are."""
    hashed = _Hashed(stream)
    try:
        signer = _read_header(hashed, limits)
        unfolded = _Unfolded(hashed, limits)
        metafiles = _read_tar(unfolded, limits)
        unfolded.read_to_end()
    except HartRefused:
        raise
    except (
        tarfile.TarError,
        lzma.LZMAError,
        EOFError,
        ValueError,
        OverflowError,
        MemoryError,
        RecursionError,
    ) as problem:
        raise HartUnreadable(f"{type(problem).__name__}: {problem}") from problem
    return HartArchive(hashed.checksum, hashed.size, signer, metafiles)


class _Hashed:
    """A stream that is hashed and measured while it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.blake2b(digest_size=32)
        self.size = 0

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._hash.update(block)
        self.size += len(block)
        return block

    @property
    def checksum(self) -> str:
        return self._hash.hexdigest()


def _read_header(stream: _Hashed, limits: HartLimits) -> NamedRevision:
    """The five header lines, read byte by byte so that the payload begins right behind them."""
    lines: list[str] = []
    line = bytearray()
    while len(lines) < 5:
        byte = stream.read(1)
        if not byte:
            raise HartUnreadable("the header ends too early")
        if stream.size > limits.header:
            raise HartUnreadable("the header is too long")
        if byte == b"\n":
            lines.append(line.decode("utf-8").strip())
            line.clear()
        else:
            line += byte
    version, signer, algorithm, signature, blank = lines
    if version != "HART-1":
        raise HartUnreadable(f"unsupported format {_shown(version)}")
    if algorithm != "BLAKE2b":
        raise HartUnreadable(f"unsupported hash {_shown(algorithm)}")
    if blank:
        raise HartUnreadable("the header does not end with an empty line")
    try:
        b64decode(signature, validate=True)
        return NamedRevision.parse(signer)
    except Base64Error as problem:
        raise HartUnreadable("the signature is not Base64") from problem
    except NamedRevisionMalformed as problem:
        raise HartUnreadable(f"the key name is malformed: {_shown(signer)}") from problem


class _Unfolded:
    """The decompressed payload as a stream of bounded reads; several xz streams and padding behind them are one payload."""

    def __init__(self, packed: _Hashed, limits: HartLimits) -> None:
        self._packed = packed
        self._limits = limits
        self._start = packed.size
        self._pending = b""
        self._buffer = bytearray()
        self._unfolded = 0
        self._decompressor = self._new_decompressor()
        self._finished = False
        self._fed = False

    def read(self, size: int) -> bytes:
        while len(self._buffer) < size and not self._finished:
            self._buffer += self._next_block(size - len(self._buffer))
        block = bytes(self._buffer[:size])
        del self._buffer[:size]
        return block

    def read_to_end(self) -> None:
        """Read what follows the tar, so that a cut-off tail is noticed and every byte is hashed."""
        self._buffer.clear()
        while not self._finished:
            self._next_block(BLOCK)

    def _next_block(self, size: int) -> bytes:
        if self._decompressor.eof:
            self._begin_next_stream()
            return b""
        block = b""
        if self._decompressor.needs_input:
            block = self._pending or self._packed.read(BLOCK)
            self._pending = b""
            if not block:
                raise HartUnreadable("the compressed payload is cut off")
        unfolded = self._decompressor.decompress(block, max(size, BLOCK))
        self._unfolded += len(unfolded)
        packed = self._packed.size - self._start
        if self._unfolded > max(self._limits.unfolded_floor, packed * self._limits.unfolded_ratio):
            raise HartUnreadable("the payload unfolds to far more than its size")
        return unfolded

    def _begin_next_stream(self) -> None:
        rest = self._decompressor.unused_data
        padding = len(rest) - len(rest.lstrip(b"\0"))
        rest = rest[padding:]
        while not rest:
            block = self._packed.read(BLOCK)
            if not block:
                break
            rest = block.lstrip(b"\0")
            padding += len(block) - len(rest)
        if padding % 4:
            raise HartUnreadable("the padding of the compressed payload is damaged")
        if not rest:
            self._finished = True
            return
        self._pending = rest
        self._decompressor = self._new_decompressor()

    def _new_decompressor(self) -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=self._limits.lzma_memory)


def _read_tar(payload: _Unfolded, limits: HartLimits) -> dict[str, str]:
    found: dict[str, str] = {}
    total = members = 0
    tar = tarfile.open(  # noqa: SIM115 - closing reads on; the payload is read to its end by the caller
        fileobj=payload,
        mode="r|",
        bufsize=BLOCK,
        tarinfo=_bounded(limits),
        errorlevel=2,  # type: ignore[call-overload]
    )
    for member in tar:
        members += 1
        tar.members.clear()  # type: ignore[attr-defined]  # tarfile keeps every member it saw
        if members > limits.members:
            raise HartUnreadable("the archive has too many members")
        match = _METAFILE_PATH.fullmatch(member.name)
        if match is None or match[1] not in METAFILES or not member.isreg():
            continue
        name = match[1]
        if member.size > (limits.manifest if name == "MANIFEST" else limits.metafile) or member.issparse():
            raise HartUnreadable(f"{name} is too large")
        total += member.size
        if total > limits.metafiles_total:
            raise HartUnreadable("the metafiles are too large together")
        found[name] = _text(name, tar.extractfile(member))
    return found


def _text(name: str, content: Any) -> str:
    try:
        return str(content.read().decode("utf-8").strip())
    except UnicodeDecodeError as problem:
        raise HartUnreadable(f"{name} is not UTF-8") from problem


def _bounded(limits: HartLimits) -> type[tarfile.TarInfo]:
    """A TarInfo that refuses huge extension headers before tarfile reads them into memory."""
    extensions = {
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
    }

    class Bounded(tarfile.TarInfo):
        def _proc_member(self, tar: tarfile.TarFile) -> Any:
            if self.size < 0 or (self.type in extensions and self.size > limits.tar_extension):
                raise HartUnreadable("an extension header of the archive is too large")
            if self.type == tarfile.GNUTYPE_SPARSE:
                raise HartUnreadable("sparse members are not accepted")
            return super()._proc_member(tar)  # type: ignore[misc]

    return Bounded


def package_type(archive: HartArchive) -> str:
    """`standard` or `native`. Raises PackageTypeUnknown."""
    value = archive.metafiles.get("PACKAGE_TYPE", "standard")
    if value not in ("standard", "native"):
        raise PackageTypeUnknown(value)
    return value


def target(archive: HartArchive) -> Target:
    """The target that the archive was built for. Raises TargetRefused."""
    value = archive.metafiles.get("TARGET")
    if value is None:
        raise TargetRefused("TARGET is missing")
    try:
        return Target.parse(value)
    except TargetUnknown as problem:
        raise TargetRefused(f"unknown target {_shown(value)}") from problem


def ident(archive: HartArchive) -> PackageIdent:
    """The ident that the archive says it is. Raises MetadataInvalid."""
    value = archive.metafiles.get("IDENT")
    if value is None:
        raise MetadataInvalid("IDENT", "is missing")
    return _ident("IDENT", value)


def manifest(archive: HartArchive) -> str:
    """MANIFEST's text. Raises MetadataInvalid."""
    value = archive.metafiles.get("MANIFEST")
    if value is None:
        raise MetadataInvalid("MANIFEST", "is missing")
    return value


def config(archive: HartArchive) -> str:
    """default.toml's text, empty when absent."""
    return archive.metafiles.get("default.toml", "")


def deps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Run-time dependencies. Raises MetadataInvalid."""
    return _idents(archive, "DEPS")


def tdeps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Transitive run-time dependencies. Raises MetadataInvalid."""
    return _idents(archive, "TDEPS")


def build_deps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Build-time dependencies. Raises MetadataInvalid."""
    return _idents(archive, "BUILD_DEPS")


def build_tdeps(archive: HartArchive) -> tuple[PackageIdent, ...]:
    """Transitive build-time dependencies. Raises MetadataInvalid."""
    return _idents(archive, "BUILD_TDEPS")


def exposes(archive: HartArchive) -> tuple[int, ...]:
    """Ports that the package's service listens on. Raises MetadataInvalid."""
    return tuple(_port(word) for word in archive.metafiles.get("EXPOSES", "").split())


def _port(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= 5 and int(word) <= 65535):
        raise MetadataInvalid("EXPOSES", "holds something that is no port", word)
    return int(word)


def _idents(archive: HartArchive, name: str) -> tuple[PackageIdent, ...]:
    lines = (line.strip() for line in archive.metafiles.get(name, "").splitlines())
    return tuple(_ident(name, line) for line in lines if line)


def _ident(name: str, text: str) -> PackageIdent:
    try:
        parsed = PackageIdent.parse(text)
    except IdentMalformed as problem:
        raise MetadataInvalid(name, "holds something that is no full ident", text) from problem
    if not is_storable(parsed):
        raise MetadataInvalid(name, "holds an ident that cannot be stored", text)
    return parsed


def _shown(value: str) -> str:
    """A value as an error may show it: escaped, at most 80 characters."""
    return _one_line(repr(value if len(value) <= 80 else value[:80] + "…"))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
