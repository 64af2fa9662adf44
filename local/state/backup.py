"""`python -m local.state.backup STATE TO`: back up a state folder, also while the service runs (`make backup`).

The backup is a new folder below TO, named for its time. Order: first the objects, which takes long; then the table, at
one moment; then the objects that are new. Every object is written before a row names it, so all objects that the copied
rows name existed at that moment. One of them can be missing only if it was deleted after that moment and before it was
copied. Then the rows no longer name it either, and the last two steps are repeated.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from chalicelib.platform.config import config
from local.state.folder import (
    PRIVATE_FOLDER,
    StateFolder,
    StateUnusable,
    existing_folder,
    make_private_folder,
    write_private,
)
from local.state.running import running_stores
from local.state.snapshot import copy_database, digest_of_rows, named_objects
from local.state.stored_objects import Earlier, Saved, listed, save, write_list
from local.state.stores import DATABASE

SUMMARY, ROWS, OBJECTS, KEYS = "summary.json", "table.db", "objects", "keys"
ATTEMPTS = 10


class Summary(Struct, frozen=True):
    """What a backup contains. `missing` are objects that rows named and that did not exist."""

    table: str
    bucket: str
    rows: int
    digest_of_rows: str
    objects: int
    bytes: int
    missing: tuple[str, ...] = ()


def back_up(folder: StateFolder, to: Path) -> tuple[Path, Summary]:
    """Back up a folder whose stores run, and return the new folder and its summary. Raises StateUnusable."""
    to.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)  # an existing one may be for more than these backups
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    partial = to / f".partial-{name}"
    make_private_folder(partial / OBJECTS)
    make_private_folder(partial)
    try:
        summary = _fill(partial, folder, Earlier(newest_of(to)))
        os.sync()  # the name of a complete backup must not outlive its files in a power failure
        partial.rename(to / name)
    except BaseException:  # also Ctrl-C, so that no partial backup remains
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return to / name, summary


def newest_of(to: Path) -> Path | None:
    """Return the newest complete backup below a folder, or None."""
    return max((path.parent for path in to.glob(f"[0-9]*/{SUMMARY}")), default=None)


def _fill(backup: Path, folder: StateFolder, earlier: Earlier) -> Summary:
    saved = {each.key: each for each in save(config.bucket, listed(config.bucket), backup / OBJECTS, earlier)}
    missing = _take_rows(backup, folder, saved, _resave(backup, saved))
    shutil.copytree(folder.keys, backup / KEYS)
    write_list(backup, saved.values())
    rows, digest = digest_of_rows(backup / ROWS, config.table)
    size = sum(each.size for each in saved.values())
    summary = Summary(config.table, config.bucket, rows, digest, len(saved), size, tuple(sorted(missing)))
    write_private(backup / SUMMARY, msgspec.json.format(msgspec.json.encode(summary)).decode())
    return summary


def _resave(backup: Path, saved: dict[str, Saved]) -> Callable[[], None]:
    """Return a function that adds the objects that are new or have changed."""

    def add_new() -> None:
        known = {(each.key, each.size, each.etag) for each in saved.values()}
        new = (each for each in listed(config.bucket) if (each.key, each.size, each.etag) not in known)
        saved.update({each.key: each for each in save(config.bucket, new, backup / OBJECTS, Earlier(None))})

    return add_new


def _take_rows(backup: Path, folder: StateFolder, saved: dict[str, Saved], add_new: Callable[[], None]) -> set[str]:
    """Copy the table, and the new objects after it. Returns the named objects that the store does not have at all.

    Raises StateUnusable if objects that the rows name keep being deleted.
    """
    before: set[str] | None = None
    for _ in range(ATTEMPTS):
        copy_database(folder.table / DATABASE, backup / ROWS)
        add_new()
        missing = named_objects(backup / ROWS, config.table) - saved.keys()
        if not missing or missing == before:  # the same again: rows without objects, and not a race
            return missing
        before = missing
    raise StateUnusable("too many packages are deleted at the moment; repeat the backup later")


def main() -> None:
    """Back up, and print what the backup contains."""
    parser = argparse.ArgumentParser(prog="python -m local.state.backup", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("state", help="the folder of `make run STATE=folder`")
    parser.add_argument("to", help="folder of the backups; unchanged objects are links to the files of the newest one")
    options = parser.parse_args()
    try:
        folder = existing_folder(options.state)
        with running_stores(folder, print):
            path, summary = back_up(folder, Path(options.to).expanduser().resolve())
    except StateUnusable as problem:
        sys.exit(f"bldr: {problem}")
    except (BotoCoreError, ClientError) as problem:
        sys.exit(f"bldr: the stores of STATE={options.state} do not answer; repeat the backup later: {problem}")
    print(f"backed up {summary.rows} rows and {summary.objects} objects ({summary.bytes:,} bytes) to {path}")
    for key in summary.missing[:10]:
        print(f"bldr: WARNING: a row names the object {key}, which does not exist")


if __name__ == "__main__":
    main()
