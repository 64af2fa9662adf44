"""Writes a folder as a zip file that only depends on the names and contents of its files."""

import zipfile
from pathlib import Path

EARLIEST = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16
"""Lambda runs as another user than the owner of the files."""


def write_zip(folder: Path, archive: Path) -> None:
    """Write the files of a folder in the order of their names, with one time and one mode."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w") as written:
        for name, path in files:
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.external_attr = READABLE
            entry.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(entry, path.read_bytes(), compresslevel=9)
