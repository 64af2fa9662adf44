"""The payload of a package archive: metafiles of a tar in xz, read as hostile input (packages.md section 12).

The tar is walked header by header, with the standard library's parser for one header, and not by its `TarFile`: that
one keeps every member, takes a damaged header for the end, and spends quadratic time and unbounded memory on hostile
pax and sparse headers. Nothing is extracted; links, devices and sparse files are passed over.
"""

import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.core.hart_limits import HartLimits
from chalicelib.core.hart_refusals import HartUnreadable
from chalicelib.core.unpacked import Unpacked

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What trimming removes: Unicode's White_Space, which `str.strip` widens by four control characters."""

_METAFILE = re.compile(
    "/?(?:opt/)?hab/pkgs/[^/]+/[^/]+/[^/]+/[^/]+/"
    r"(CFLAGS|default\.toml|DEPS|TDEPS|BUILD_DEPS|BUILD_TDEPS|EXPOSES|IDENT|LD_RUN_PATH|LDFLAGS|SVC_USER|SVC_GROUP"
    "|MANIFEST|PATH|TARGET|PACKAGE_TYPE)"
)
_PAX_LENGTH = re.compile(rb"([0-9]{1,7}) ")
_PAX_SIZE = re.compile("[0-9]{1,19}")
_PLAIN_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_LONG_TEXTS = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_PAX_HEADERS = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_PAX_SPARSE = ("GNU.sparse.size", "GNU.sparse.major")  # one of them is in every kind of sparse header
_PAX_KEPT = {keyword.encode(): keyword for keyword in ("path", "size", *_PAX_SPARSE)}


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of the tar: its full path, how many bytes follow, and if they are the content of an ordinary file."""

    path: str
    size: int
    is_plain_file: bool


def metafiles(packed: Iterable[bytes], limits: HartLimits) -> dict[str, str]:
    """The trimmed texts of a payload's metafiles, the last one of each name; reads to the end.

    Raises HartUnreadable.
    """
    payload = Unpacked(packed, limits)
    found: dict[str, str] = {}
    total = 0
    for member in _members(payload, limits):
        named = _METAFILE.fullmatch(member.path)
        if named is None or not member.is_plain_file:
            continue
        name = named[1]
        total += member.size
        if member.size > limits.of_metafile(name) or total > limits.metafiles:
            raise HartUnreadable(f"{name} is too long")
        found.pop(name, None)  # the earlier one is not held while the later one is read
        found[name] = _text(name, payload.take(member.size))
    payload.skip_all()
    return found


def _members(payload: Unpacked, limits: HartLimits) -> Iterator[Member]:
    """The entries up to the end mark. Whoever iterates may take a member's content, and no more."""
    headers = extensions = 0
    extended: dict[str, str] = {}  # what is said about the next member
    is_member_due = False
    while any(block := payload.take(tarfile.BLOCKSIZE)):
        header = _parsed(block)
        headers += 1
        if headers > limits.tar_headers:
            raise HartUnreadable("the tar has too many members")
        if header.type in (*_LONG_TEXTS, *_PAX_HEADERS):
            extensions += header.size
            if header.size > limits.extension or extensions > limits.extensions:
                raise HartUnreadable("a tar header is too long")
            extended |= _extension(header.type, payload.take(_padded(header.size))[: header.size])
            is_member_due = True
            continue
        if header.type == tarfile.XGLTYPE:  # holds nothing that identifies a member
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
            raise HartUnreadable("a pax header is damaged: no size")
        size = int(extended["size"])
    if not header.isreg() and header.type in tarfile.SUPPORTED_TYPES:
        size = 0  # links, folders and devices have no content, whatever they claim
    plain = header.type in _PLAIN_FILES and not any(keyword in extended for keyword in _PAX_SPARSE)
    return Member(extended.get("path", header.name), size, plain)


def _extension(kind: bytes, content: bytes) -> dict[str, str]:
    """What an extension header says about the path and size of the next member."""
    if kind in _PAX_HEADERS:
        records = _pax_records(content)
        return {_PAX_KEPT[keyword]: _decoded(value) for keyword, value in records if keyword in _PAX_KEPT}
    return {"path": _decoded(content.partition(b"\0")[0])} if kind == tarfile.GNUTYPE_LONGNAME else {}


def _pax_records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Records are `<length of the record> <keyword>=<value>` and a newline; one pass."""
    at = 0
    while at < len(content):
        length = _PAX_LENGTH.match(content, at)
        if length is None:
            raise HartUnreadable("a pax header is damaged: no length")
        end = at + int(length[1])
        keyword, equals, value = content[length.end() : end].partition(b"=")
        if end > len(content) or not equals or not value.endswith(b"\n"):
            raise HartUnreadable("a pax header is damaged: no record of its length")
        yield keyword, value[:-1]
        at = end


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _skip_sparse_map(payload: Unpacked, block: bytes, limit: int) -> int:
    """Pass over what follows a header of the old sparse form; gives its length."""
    length, is_continued = 0, block[482]
    while is_continued:
        length += tarfile.BLOCKSIZE
        if length > limit:
            raise HartUnreadable("a tar header is too long")
        is_continued = payload.take(tarfile.BLOCKSIZE)[504]
    return length


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode().strip(WHITE_SPACE)
    except UnicodeDecodeError:
        raise HartUnreadable(f"{name} is not UTF-8") from None
