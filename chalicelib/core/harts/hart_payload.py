"""The payload of a package archive: metafiles in a tar in xz, which counts as hostile input (packages.md section 12).

The standard library parses each tar header, but its `TarFile` is not used: it keeps every member in memory, treats a
damaged header as the end, and spends quadratic time and unbounded memory on hostile pax and sparse headers. Nothing is
extracted; links, devices and sparse files are skipped.
"""

import re
import tarfile
from collections.abc import Iterable, Iterator

from msgspec import Struct

from chalicelib.core.harts.hart_limits import HartLimits
from chalicelib.core.harts.hart_refusals import HartUnreadable
from chalicelib.core.harts.xz_reader import XzReader

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Characters that trimming removes: Unicode's White_Space. `str.strip` also removes four control characters."""

_METAFILE = re.compile(
    "/?(?:opt/)?hab/pkgs/[^/]+/[^/]+/[^/]+/[^/]+/"
    r"(CFLAGS|default\.toml|DEPS|TDEPS|BUILD_DEPS|BUILD_TDEPS|EXPOSES|IDENT|LD_RUN_PATH|LDFLAGS|SVC_USER|SVC_GROUP"
    "|MANIFEST|PATH|TARGET|PACKAGE_TYPE)"
)
_PAX_LENGTH = re.compile(rb"([0-9]{1,7}) ")
_PAX_SIZE = re.compile("[0-9]{1,19}")
_REGULAR_TYPES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_LONG_NAME_TYPES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_PAX_TYPES = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_PAX_SPARSE = ("GNU.sparse.size", "GNU.sparse.major")  # every kind of sparse header has one of them
_PAX_KEPT = {keyword.encode(): keyword for keyword in ("path", "size", *_PAX_SPARSE)}


class Member(Struct, frozen=True):
    """An entry of the tar: its full path, the number of bytes that follow, and whether it is a regular file."""

    path: str
    size: int
    is_regular: bool


def metafiles(packed: Iterable[bytes], limits: HartLimits) -> dict[str, str]:
    """Return the trimmed texts of a payload's metafiles by name, read to its end. Raises HartUnreadable.

    Of several metafiles with one name, the last one counts.
    """
    payload = XzReader(packed, limits)
    texts: dict[str, str] = {}
    total = 0
    for member in _members(payload, limits):
        match = _METAFILE.fullmatch(member.path)
        if match is None or not member.is_regular:
            continue
        name = match[1]
        total += member.size
        if member.size > limits.of_metafile(name) or total > limits.metafiles:
            raise HartUnreadable(f"{name} is too long")
        texts.pop(name, None)  # frees its memory before the next one is read
        texts[name] = _text(name, payload.read(member.size))
    payload.skip_all()
    return texts


def _members(payload: XzReader, limits: HartLimits) -> Iterator[Member]:
    """Yield the members up to the end mark. The caller may read the content of the current member from the payload."""
    headers = extensions = 0
    extended: dict[str, str] = {}  # path and size of the next member, from extension headers
    is_member_due = False
    while any(block := payload.read(tarfile.BLOCKSIZE)):
        header = _parsed(block)
        headers += 1
        if headers > limits.of_headers(payload.packed):
            raise HartUnreadable("the tar has too many members")
        if header.type in (*_LONG_NAME_TYPES, *_PAX_TYPES):
            extensions += header.size
            if header.size > limits.extension or extensions > limits.extensions:
                raise HartUnreadable("a tar header is too long")
            extended |= _extension(header.type, payload.read(_padded(header.size))[: header.size])
            is_member_due = True
            continue
        if header.type == tarfile.XGLTYPE:  # does not describe a member
            payload.skip(_padded(header.size))
            continue
        if header.type == tarfile.GNUTYPE_SPARSE:
            extensions += _skip_sparse_map(payload, block, limits.extensions - extensions)
        member = _member(header, extended)
        following = payload.position + _padded(member.size)
        yield member
        payload.skip(following - payload.position)
        extended, is_member_due = {}, False
    if is_member_due:
        raise HartUnreadable("the tar ends where a member should follow")


def _parsed(block: bytes) -> tarfile.TarInfo:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError, OverflowError) as damage:
        raise HartUnreadable(f"a tar header is damaged: {damage}") from None
    if header.size < 0:
        raise HartUnreadable("a tar header is damaged: negative size")
    return header


def _member(header: tarfile.TarInfo, extended: dict[str, str]) -> Member:
    size = header.size
    if "size" in extended:
        if _PAX_SIZE.fullmatch(extended["size"]) is None:
            raise HartUnreadable("a pax header is damaged: invalid size")
        size = int(extended["size"])
    if not header.isreg() and header.type in tarfile.SUPPORTED_TYPES:
        size = 0  # links, folders and devices have no content, even if the header has a size
    is_regular = header.type in _REGULAR_TYPES and not any(keyword in extended for keyword in _PAX_SPARSE)
    return Member(extended.get("path", header.name), size, is_regular)


def _extension(kind: bytes, content: bytes) -> dict[str, str]:
    """Return the path and size that an extension header gives the next member."""
    if kind in _PAX_TYPES:
        records = _pax_records(content)
        return {_PAX_KEPT[keyword]: _decoded(value) for keyword, value in records if keyword in _PAX_KEPT}
    return {"path": _decoded(content.partition(b"\0")[0])} if kind == tarfile.GNUTYPE_LONGNAME else {}


def _pax_records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield keywords and values. A record is `<length of the record> <keyword>=<value>` and a newline."""
    at = 0
    while at < len(content):
        length = _PAX_LENGTH.match(content, at)
        if length is None:
            raise HartUnreadable("a pax header is damaged: invalid length")
        end = at + int(length[1])
        keyword, equals, value = content[length.end() : end].partition(b"=")
        if end > len(content) or not equals or not value.endswith(b"\n"):
            raise HartUnreadable("a pax header is damaged: a record does not have its length")
        yield keyword, value[:-1]
        at = end


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _skip_sparse_map(payload: XzReader, block: bytes, limit: int) -> int:
    """Skip the map that follows a header of the old sparse form. Return its length."""
    length, is_continued = 0, block[482]
    while is_continued:
        length += tarfile.BLOCKSIZE
        if length > limit:
            raise HartUnreadable("a tar header is too long")
        is_continued = payload.read(tarfile.BLOCKSIZE)[504]
    return length


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode().strip(WHITE_SPACE)
    except UnicodeDecodeError:
        raise HartUnreadable(f"{name} is not UTF-8") from None
