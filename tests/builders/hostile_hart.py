"""Hostile archives, by what is wrong with each (packages.md section 12): everything else about them is right."""

import base64
import bz2
import gzip
import lzma
import struct
import tarfile
import zlib
from collections.abc import Callable

from tests.builders.hart import a_hart, signed

IDENT = "acme/widget/1.2.3/20240301123456"
FOLDER = f"hab/pkgs/{IDENT}"
MIB = 1 << 20
END = bytes(1024)
SIGNATURE = base64.b64encode(bytes(128)).decode()

Archive = Callable[[], bytes]


def block(path: str, size: int = 0, kind: bytes = tarfile.REGTYPE, fields: dict[int, bytes] | None = None) -> bytes:
    """One tar header; `fields` replace bytes at offsets, and the header's checksum is right nevertheless."""
    member = tarfile.TarInfo(path)
    member.size, member.type = size, kind
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    for offset, field in (fields or {}).items():
        header[offset : offset + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def member(path: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A header and its content."""
    return block(path, len(content), kind) + content + bytes(-len(content) % 512)


RIGHT = (
    member(f"{FOLDER}/IDENT", f"{IDENT}\n".encode())
    + member(f"{FOLDER}/TARGET", b"x86_64-linux\n")
    + member(f"{FOLDER}/MANIFEST", b"# widget\n")
)
PAYLOAD = lzma.compress(RIGHT + END, preset=0)


def of_tar(*parts: bytes) -> Archive:
    """An archive with these bytes as its tar."""
    return lambda: signed(lzma.compress(b"".join(parts), preset=0))


def before_the_end(*parts: bytes) -> Archive:
    """A right archive with these members behind the others."""
    return of_tar(RIGHT, *parts, END)


def of_payload(*parts: bytes) -> Archive:
    """An archive with these bytes behind a right header."""
    return lambda: signed(b"".join(parts))


def of_header(*lines: str | bytes) -> Archive:
    """A right payload behind these lines."""
    return lambda: b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines) + PAYLOAD


def repeated(piece: bytes, times: int, first: bytes = RIGHT) -> Archive:
    """A tar of hundreds of MiB from few bytes: the same xz stream over and over."""
    return lambda: signed(lzma.compress(first, preset=0) + lzma.compress(piece, preset=0) * times)


def of_metafiles(**metafiles: bytes | None) -> Archive:
    """A right archive with metafiles set, or left out; `default_toml` is default.toml."""
    texts = {name.replace("default_toml", "default.toml"): text for name, text in metafiles.items()}
    there = {name: text for name, text in texts.items() if text is not None}
    return lambda: a_hart(extra_files=there, omit=[name for name, text in texts.items() if text is None]).content


def with_dictionary(bits: int) -> Archive:
    """A payload that claims to need a dictionary of `(2 | bits & 1) << bits // 2 + 11` bytes."""
    payload = bytearray(PAYLOAD)
    assert payload[12:16] == b"\x02\x00\x21\x01"
    payload[16] = bits
    payload[20:24] = struct.pack("<I", zlib.crc32(payload[12:20]))
    return lambda: signed(bytes(payload))


def with_byte_changed(at: int) -> Archive:
    """A payload with one byte changed, somewhere in its middle."""
    payload = bytearray(PAYLOAD)
    payload[at] ^= 0x55
    return lambda: signed(bytes(payload))


def pax(*records: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """A pax header with exactly these bytes."""
    return member("pax", b"".join(records), kind)


def record(keyword: str, value: str) -> bytes:
    """A pax record with the right length in front."""
    rest = f" {keyword}={value}\n".encode()
    length = next(n for n in range(len(rest), len(rest) + 9) if len(str(n)) + len(rest) == n)
    return str(length).encode() + rest


HEADER: dict[str, Archive] = {
    "empty": lambda: b"",
    "one byte": lambda: b"H",
    "zeros": lambda: bytes(100_000),
    "wrong magic": of_header("HART-2", "acme-20240101120000", "BLAKE2b", SIGNATURE, ""),
    "magic in lower case": of_header("hart-1", "acme-20240101120000", "BLAKE2b", SIGNATURE, ""),
    "no key name": of_header("HART-1", "", "BLAKE2b", SIGNATURE, ""),
    "key name without a revision": of_header("HART-1", "acme", "BLAKE2b", SIGNATURE, ""),
    "key name with a short revision": of_header("HART-1", "acme-2024010112000", "BLAKE2b", SIGNATURE, ""),
    "key name with something behind": of_header("HART-1", "acme-20240101120000-x", "BLAKE2b", SIGNATURE, ""),
    "revision without a key name": of_header("HART-1", "-20240101120000", "BLAKE2b", SIGNATURE, ""),
    "revision in other digits": of_header("HART-1", "acme-" + "٣" * 14, "BLAKE2b", SIGNATURE, ""),
    "unknown algorithm": of_header("HART-1", "acme-20240101120000", "BLAKE3", SIGNATURE, ""),
    "bad base64": of_header("HART-1", "acme-20240101120000", "BLAKE2b", "*" + SIGNATURE[1:], ""),
    "unpadded base64": of_header("HART-1", "acme-20240101120000", "BLAKE2b", SIGNATURE.rstrip("="), ""),
    "base64 of URLs": of_header("HART-1", "acme-20240101120000", "BLAKE2b", "-_" + SIGNATURE[2:], ""),
    "no signature": of_header("HART-1", "acme-20240101120000", "BLAKE2b", "", ""),
    "no blank line": of_header("HART-1", "acme-20240101120000", "BLAKE2b", SIGNATURE),
    "a sixth line": of_header("HART-1", "acme-20240101120000", "BLAKE2b", SIGNATURE, "x", ""),
    "lines out of order": of_header("HART-1", "BLAKE2b", "acme-20240101120000", SIGNATURE, ""),
    "header not UTF-8": of_header("HART-1", b"acme\xff-20240101120000", "BLAKE2b", SIGNATURE, ""),
    "lines of 5 KiB": of_header("HART-1", "a" * 5000 + "-20240101120000", "BLAKE2b", SIGNATURE, ""),
    "header of 10 MB without an end": lambda: b"HART-1\n" + b"a" * 10_000_000,
    "header of 10 MB of blanks": lambda: b"HART-1\n" + b" " * 10_000_000 + signed(PAYLOAD)[7:],
    "header only": lambda: signed(b""),
    "header cut off": lambda: signed(b"")[:-1],
}

COMPRESSION: dict[str, Archive] = {
    "not compressed": of_payload(RIGHT, END),
    "noise": of_payload(bytes(range(256)) * 40),
    "gzip": of_payload(gzip.compress(RIGHT + END)),
    "bzip2": of_payload(bz2.compress(RIGHT + END)),
    "lzma alone": of_payload(lzma.compress(RIGHT + END, lzma.FORMAT_ALONE)),
    "zlib": of_payload(zlib.compress(RIGHT + END)),
    "cut off after one byte": of_payload(PAYLOAD[:1]),
    "cut off after the stream's header": of_payload(PAYLOAD[:12]),
    "cut off in the middle": of_payload(PAYLOAD[: len(PAYLOAD) // 2]),
    "cut off behind the tar, within the index": of_payload(PAYLOAD[:-20]),
    "cut off before the last four bytes": of_payload(PAYLOAD[:-4]),
    "cut off before the last byte": of_payload(PAYLOAD[:-1]),
    "trailing garbage": of_payload(PAYLOAD, b"garbage"),
    "one byte of garbage behind padding": of_payload(PAYLOAD, bytes(8), b"x"),
    "padding of three bytes": of_payload(PAYLOAD, bytes(3)),
    "padding of three bytes before a stream": of_payload(PAYLOAD, bytes(3), PAYLOAD),
    "padding in front": of_payload(bytes(4), PAYLOAD),
    "padding only": of_payload(bytes(1024)),
    "second stream cut off": of_payload(PAYLOAD, PAYLOAD[:-1]),
    "second stream damaged": of_payload(PAYLOAD, PAYLOAD[:40], b"x" * 40),
    "a byte changed in the stream's header": with_byte_changed(7),
    "a byte changed in the content": with_byte_changed(len(PAYLOAD) // 2),
    "a byte changed in the check sum": with_byte_changed(len(PAYLOAD) - 30),
    "dictionary of 96 MiB": with_dictionary(29),
    "dictionary of 1.5 GiB": with_dictionary(37),
    "dictionary of 4 GiB": with_dictionary(40),
    "a hundred thousand empty streams": lambda: signed(PAYLOAD + lzma.compress(b"") * 100_000),
    "bomb of zeros behind the tar": repeated(bytes(8 * MIB), 200, RIGHT + END),
    "bomb of zeros within a file": repeated(bytes(8 * MIB), 200, RIGHT + block("zeros", 2 << 30)),
    "bomb of members": repeated(member("x", bytes(8 * MIB - 512)), 200),
}

TAR: dict[str, Archive] = {
    "no tar": of_tar(b"not a tar" * 1000),
    "nothing": of_tar(b""),
    "cut off within the first header": of_tar(RIGHT[:300]),
    "cut off within a later header": of_tar(RIGHT, block("x")[:300]),
    "cut off within a content": of_tar(RIGHT, member("x", b"x" * 2000)[:1500]),
    "cut off within a metafile": of_tar(RIGHT, member(f"{FOLDER}/DEPS", b"x" * 2000)[:1500]),
    "cut off between members": of_tar(RIGHT),
    "cut off within the padding": of_tar(RIGHT, block("x", 100), b"x" * 100),
    "cut off within the end mark": of_tar(RIGHT, bytes(100)),
    "first header with a wrong checksum": of_tar(bytes([RIGHT[0] ^ 1]), RIGHT[1:], END),
    "later header with a wrong checksum": before_the_end(b"\1" + block("x")[1:]),
    "garbage between members": before_the_end(b"garbage!" * 64),
    "negative size": before_the_end(block("x", fields={124: b"\xff" * 12})),
    "negative size in octal": before_the_end(block("x", fields={124: b"-0000000777\0"})),
    "negative size of an extension": before_the_end(block("x", kind=b"L", fields={124: b"\xff" * 12})),
    "size of 80 bits": before_the_end(block("x", fields={124: b"\x80" + b"\xff" * 11})),
    "size of a TiB": before_the_end(block("x", 1 << 40)),
    "size in no octal digits": before_the_end(block("x", fields={124: b"99999999999\0"})),
    "metafile of a TiB": before_the_end(block(f"{FOLDER}/MANIFEST", 1 << 40)),
    "GNU long name of a GiB": repeated(bytes(8 * MIB), 200, RIGHT + block("x", 1 << 30, b"L")),
    "GNU long link of a GiB": repeated(bytes(8 * MIB), 200, RIGHT + block("x", 1 << 30, b"K")),
    "GNU long name just too long": before_the_end(member("x", b"x" * 65_537, b"L"), block("x")),
    "pax header of a GiB": repeated(bytes(8 * MIB), 200, RIGHT + block("x", 1 << 30, b"x")),
    "pax header just too long": before_the_end(pax(record("comment", "x" * 65_600)), block("x")),
    "pax headers too long together": repeated((pax(record("comment", "x" * 65_000)) + block("x")) * 60, 10),
    "pax headers without a member": before_the_end(pax(record("comment", "x"))),
    "GNU long names without a member": before_the_end(member("x", b"x\0", b"L") * 2_000),
    "global pax header of a TiB": before_the_end(block("x", 1 << 40, b"g")),
    "pax size of an EiB": before_the_end(pax(record("size", str(1 << 60))), block("x")),
    "pax size of a metafile": before_the_end(pax(record("size", "2000000")), block(f"{FOLDER}/DEPS", 5)),
    "pax size negative": before_the_end(pax(record("size", "-512")), block("x")),
    "pax size in words": before_the_end(pax(record("size", "many")), block("x")),
    "pax size of 5000 digits": before_the_end(pax(record("size", "9" * 5000)), block("x")),
    "pax length of zero": before_the_end(pax(b"0 path=x\n"), block("x")),
    "pax length too long": before_the_end(pax(b"99 path=x\n"), block("x")),
    "pax length of 60000 digits": before_the_end(pax(b"1" * 60_000), block("x")),
    "pax length of 60000 digits and a record": before_the_end(pax(b"1" * 60_000 + b" hdrcharset=BINARY\n")),
    "pax records within records": before_the_end(pax(b"0" * 4000 + b"1 " + b"x" * 60_000 + b"=\n"), block("x")),
    "pax record without a newline": before_the_end(pax(b"8 path=x"), block("x")),
    "pax record without a value": before_the_end(pax(b"7 path\n"), block("x")),
    "sparse map without an end": repeated(b"\1" * 8 * MIB, 200, RIGHT + block("x", 0, b"S", {482: b"\1"})),
    "sparse map cut off": of_tar(RIGHT, block("x", 0, b"S", {482: b"\1"}), b"\1" * 512),
    "sparse size in no octal digits": before_the_end(block("x", 0, b"S", {483: b"many"})),
    "pax sparse map without an end": repeated(
        b"1\n" * 4 * MIB,
        200,
        RIGHT + pax(record("GNU.sparse.major", "1"), record("GNU.sparse.minor", "0")) + block("x", 2 << 30),
    ),
    "MANIFEST of 17 MiB": of_metafiles(MANIFEST=b" " * 17 * MIB),
    "DEPS of 2 MiB": of_metafiles(DEPS=b" " * 2 * MIB),
    "MANIFEST three times 15 MiB": lambda: signed(
        lzma.compress(RIGHT, preset=0)
        + lzma.compress(member(f"{FOLDER}/MANIFEST", bytes(15 * MIB)), preset=0) * 3
        + lzma.compress(END)
    ),
    "IDENT not UTF-8": of_metafiles(IDENT=b"acme/widget/1.2.3\xff/20240301123456"),
    "MANIFEST not UTF-8": of_metafiles(MANIFEST=b"# \xc3\x28"),
    "MANIFEST in UTF-16": of_metafiles(MANIFEST="# widget".encode("utf-16")),
    "MANIFEST with a lone surrogate": of_metafiles(MANIFEST=b"# \xed\xa0\x80"),
    "a metafile nobody needs, not UTF-8": of_metafiles(LDFLAGS=b"\xff"),
    "an earlier IDENT not UTF-8": of_tar(member(f"{FOLDER}/IDENT", b"\xff"), RIGHT, END),
}

PACKAGE_TYPE: dict[str, Archive] = {
    "unknown package type": of_metafiles(PACKAGE_TYPE=b"portable"),
    "package type in upper case": of_metafiles(PACKAGE_TYPE=b"Native"),
    "empty package type": of_metafiles(PACKAGE_TYPE=b"\n"),
}

TARGET: dict[str, Archive] = {
    "no TARGET": of_metafiles(TARGET=None),
    "empty TARGET": of_metafiles(TARGET=b""),
    "unknown TARGET": of_metafiles(TARGET=b"mips-linux"),
    "TARGET in upper case": of_metafiles(TARGET=b"X86_64-LINUX"),
    "two TARGETs": of_metafiles(TARGET=b"x86_64-linux\nx86_64-windows"),
    "TARGET with NULs": of_metafiles(TARGET=b"x86_64-linux\0"),
    "TARGET that drives a terminal": of_metafiles(TARGET=b"\x1b[2J\x1b]0;title\x07"),
    "TARGET of a million letters": of_metafiles(TARGET=b"x" * 1_000_000),
    "no members": of_tar(END),
}


def _instead_of_ident(*parts: bytes) -> Archive:
    """IDENT is only there as something that is no metafile."""
    return of_tar(RIGHT[1024:], *parts, END)


SAID = f"{IDENT}\n".encode()
METADATA: dict[str, Archive] = {
    "no IDENT": of_metafiles(IDENT=None),
    "no MANIFEST": of_metafiles(MANIFEST=None),
    "empty IDENT": of_metafiles(IDENT=b""),
    "IDENT of three parts": of_metafiles(IDENT=b"acme/widget/1.2.3"),
    "IDENT of five parts": of_metafiles(IDENT=IDENT.encode() + b"/x"),
    "IDENT with an empty part": of_metafiles(IDENT=b"acme//1.2.3/20240301123456"),
    "IDENT with a NUL": of_metafiles(IDENT=b"acme/wid\0get/1.2.3/20240301123456"),
    "IDENT with a tab": of_metafiles(IDENT=b"acme/widget/1.2\t3/20240301123456"),
    "IDENT with a separator of our keys": of_metafiles(IDENT=b"acme/widget/1.2\x1f3/20240301123456"),
    "IDENT of two lines": of_metafiles(IDENT=SAID + SAID),
    "IDENT of 900 bytes": of_metafiles(IDENT=b"acme/widget/" + b"1" * 888 + b"/20240301123456"),
    "IDENT of a million slashes": of_metafiles(IDENT=b"/" * 1_000_000),
    "IDENT as a symbolic link": _instead_of_ident(block(f"{FOLDER}/IDENT", kind=b"2", fields={157: b"/etc/passwd"})),
    "IDENT as a hard link": _instead_of_ident(block(f"{FOLDER}/IDENT", kind=b"1", fields={157: b"x"})),
    "IDENT as a fifo": _instead_of_ident(block(f"{FOLDER}/IDENT", kind=b"6")),
    "IDENT as a character device": _instead_of_ident(block(f"{FOLDER}/IDENT", kind=b"3")),
    "IDENT as a block device": _instead_of_ident(block(f"{FOLDER}/IDENT", kind=b"4")),
    "IDENT as a folder": _instead_of_ident(block(f"{FOLDER}/IDENT", kind=b"5")),
    "IDENT of an unknown kind": _instead_of_ident(member(f"{FOLDER}/IDENT", SAID, b"!")),
    "IDENT as a sparse file of 8 GiB": _instead_of_ident(
        block(f"{FOLDER}/IDENT", 0, b"S", {386: b"00000000000\0" * 2, 483: b"77777777777\0"})
    ),
    "IDENT as a pax sparse file of an EiB": _instead_of_ident(
        pax(record("GNU.sparse.size", str(1 << 60)), record("GNU.sparse.map", f"{1 << 59},512")),
        member(f"{FOLDER}/IDENT", SAID),
    ),
    "IDENT as a pax sparse file with a map inside": _instead_of_ident(
        pax(
            record("GNU.sparse.major", "1"),
            record("GNU.sparse.minor", "0"),
            record("GNU.sparse.name", f"{FOLDER}/IDENT"),
            record("GNU.sparse.realsize", str(1 << 60)),
        ),
        member(f"{FOLDER}/IDENT", b"9" * 511 + b"\n" + SAID),
    ),
    "IDENT above the folder": _instead_of_ident(member(f"../{FOLDER}/IDENT", SAID)),
    "IDENT up and down": _instead_of_ident(member(f"hab/../{FOLDER}/IDENT", SAID)),
    "IDENT below /etc": _instead_of_ident(member("/etc/acme/widget/1.2.3/IDENT", SAID)),
    "IDENT too deep": _instead_of_ident(member(f"{FOLDER}/{'x/' * 20}IDENT", SAID)),
    "IDENT as deep as headers go": _instead_of_ident(
        member("long", b"x/" * 32_000 + b"IDENT\0", b"L"), member("short", SAID)
    ),
    "IDENT not deep enough": _instead_of_ident(member("hab/pkgs/acme/widget/IDENT", SAID)),
    "IDENT with a backslash": _instead_of_ident(member(f"{FOLDER}\\IDENT", SAID)),
    "right IDENT before a wrong one": before_the_end(member(f"{FOLDER}/IDENT", b"acme/widget")),
    "EXPOSES 70000": of_metafiles(EXPOSES=b"80 70000"),
    "EXPOSES -1": of_metafiles(EXPOSES=b"-1"),
    "EXPOSES words": of_metafiles(EXPOSES=b"http"),
    "EXPOSES a fraction": of_metafiles(EXPOSES=b"80.5"),
    "EXPOSES other digits": of_metafiles(EXPOSES="８０".encode()),
    "EXPOSES a million digits": of_metafiles(EXPOSES=b"9" * 1_000_000),
    "EXPOSES with underscores": of_metafiles(EXPOSES=b"8_0"),
    "EXPOSES with NULs": of_metafiles(EXPOSES=b"80\x0081"),
    "DEPS with a partial ident": of_metafiles(DEPS=SAID + b"core/glibc\n"),
    "DEPS with a blank line": of_metafiles(DEPS=SAID + b"\n" + SAID),
    "TDEPS with words": of_metafiles(TDEPS=b"none"),
    "BUILD_DEPS with a long line": of_metafiles(BUILD_DEPS=b"core/glibc/" + b"2" * 1_000_000 + b"/x"),
    "BUILD_TDEPS with control characters": of_metafiles(BUILD_TDEPS=b"core/gl\x07ibc/2.27/20240101000000"),
}
