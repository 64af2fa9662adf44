"""The files `pre_build.env` and `last_build.env` of a build (builds.md 9.2, step 5), which count as hostile input."""

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from bldr.packages import is_valid_ident
from bldr.worker.errors import BuildFailed
from chalicelib.core.ident import IdentMalformed, PackageIdent

LONGEST_FILE = 64 << 10
MOST_FILES = 100


def move_results(source: Path, out: Path) -> None:
    """Move the regular files of a folder to another. Links and folders stay. Does nothing if there is no folder."""
    if source.is_symlink() or not source.is_dir():
        return
    for path in sorted(source.iterdir())[:MOST_FILES]:
        if path.is_file() and not path.is_symlink():
            shutil.move(path, out / path.name)


def read_variables(folder: Path, name: str) -> Mapping[str, str]:
    """Return the variables of `<name>.env`, or of `<name>.ps1` on Windows; empty if there is no readable file."""
    for suffix in ("env", "ps1"):
        text = read_regular_file(folder / f"{name}.{suffix}", LONGEST_FILE)
        if text is not None:
            return parse_variables(text)
    return {}


def parse_variables(text: str) -> dict[str, str]:
    """Return the variables of lines `key=value` or `$key="value"`."""
    pairs = (line.strip().removeprefix("$").partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip().strip('"') for key, _, value in pairs}


def read_regular_file(path: Path, longest: int) -> str | None:
    """Return the text of a file, or None if it is missing, a link, not a regular file or too long."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > longest:
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(longest).decode("utf-8", "replace")
    finally:
        os.close(handle)


def built_ident(variables: Mapping[str, str], origin: str, name: str) -> PackageIdent:
    """Return the ident of a build. Raises BuildFailed if it is invalid or not a package of the job."""
    text = variables.get("pkg_ident", "")
    try:
        ident = PackageIdent.parse(text)
    except IdentMalformed:
        raise BuildFailed("the build has not left the ident of its package") from None
    if not is_valid_ident(ident):
        raise BuildFailed("the build has left an ident that a Builder does not accept")
    if (ident.origin, ident.name) != (origin, name):
        advice = "pkg_origin and pkg_name must be those of the project"
        raise BuildFailed(f"the plan builds {ident.origin}/{ident.name}, but the job is for {origin}/{name}; {advice}")
    return ident


def ident_if_known(folder: Path, origin: str, name: str) -> str:
    """Return the ident of a failed build, or an empty text if the build did not get that far."""
    try:
        return str(built_ident(read_variables(folder, "pre_build"), origin, name))
    except BuildFailed:
        return ""
