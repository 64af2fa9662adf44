"""Checks a finished archive: its size, its native modules, its byte code."""

import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra.packaging.target import Target

MEGABYTE = 1_000_000
MAX_ZIP_BYTES = 15 * MEGABYTE
MAX_BYTES = 50 * MEGABYTE
"""Lambda allows 250 MB, but fetches and unpacks the archive in each cold start."""

MACHINES = {"arm64": 183, "x86_64": 62}
"""The field `e_machine` of an ELF file."""


def faults(archive: Path, target: Target) -> list[str]:
    """Return what is wrong with an archive, as lines for people."""
    with zipfile.ZipFile(archive) as opened:
        return [*_too_large(archive, opened), *_foreign(opened, target), *_slow(opened)]


def unpacked_bytes(opened: zipfile.ZipFile) -> int:
    """Return the size of all files of an archive."""
    return sum(entry.file_size for entry in opened.infolist())


def _too_large(archive: Path, opened: zipfile.ZipFile) -> Iterator[str]:
    sizes = ((archive.stat().st_size, MAX_ZIP_BYTES, "zipped"), (unpacked_bytes(opened), MAX_BYTES, "unpacked"))
    for size, limit, state in sizes:
        if size > limit:
            yield f"the archive has {size / MEGABYTE:.1f} MB {state}, more than {limit // MEGABYTE}"


def _foreign(opened: zipfile.ZipFile, target: Target) -> Iterator[str]:
    """Yield the native modules that the target cannot load."""
    own = f".cpython-{target.version.replace('.', '')}-"
    for name in opened.namelist():
        if not re.search(r"\.so(\.|$)", name):
            continue
        if ".cpython-" in name and own not in name:
            yield f"{name} is not for {target.runtime}"
        if _machine(opened.read(name)) != MACHINES[target.architecture]:
            yield f"{name} is not for {target.architecture} on Linux"


def _machine(content: bytes) -> int | None:
    """Return the architecture of an ELF file, or None for another file."""
    if not content.startswith(b"\x7fELF"):
        return None
    machine: int
    [machine] = struct.unpack_from("<H", content, 18)
    return machine


def _slow(opened: zipfile.ZipFile) -> Iterator[str]:
    """Yield the modules that each cold start would compile."""
    for name in opened.namelist():
        if name.endswith(".py"):
            yield f"{name} is not compiled"
