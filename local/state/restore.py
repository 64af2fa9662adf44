"""`python -m local.state.restore FROM STATE`: make a new state folder from a backup (`make restore-backup`).

Afterwards it compares every row and every byte with the backup.
"""

import argparse
import shutil
import sys
from pathlib import Path

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from local.state.backup import KEYS, OBJECTS, ROWS, SUMMARY, Summary
from local.state.folder import StateFolder, StateUnusable, make_private_folder, open_folder, write_private
from local.state.running import running_stores
from local.state.snapshot import copy_database, digest_of_rows
from local.state.stored_objects import differences, put_back, read_list
from local.state.stores import DATABASE


def restore(backup: Path, state: str) -> Summary:
    """Restore a backup to a new folder, and return what it contains. Raises StateUnusable.

    An interrupted restore leaves a mark, so that the folder is not taken for a whole one.
    """
    summary = read_summary(backup)
    if Path(state).expanduser().exists():
        raise StateUnusable(f"STATE={state} exists already; name a new folder")
    folder = open_folder(state)
    write_private(folder.incomplete, "")
    shutil.copytree(backup / KEYS, folder.keys)
    make_private_folder(folder.table)
    copy_database(backup / ROWS, folder.table / DATABASE)
    with running_stores(folder, print):
        _restore_objects(backup, summary)
    _compare_rows(folder, summary)
    folder.incomplete.unlink()
    return summary


def read_summary(backup: Path) -> Summary:
    """Return what a backup contains. Raises StateUnusable if it is not a backup, or one of other names."""
    try:
        summary = msgspec.json.decode((backup / SUMMARY).read_bytes(), type=Summary)
    except (OSError, msgspec.DecodeError) as problem:
        raise StateUnusable(f"FROM={backup} is not a backup: {problem}; name a folder with {SUMMARY}") from problem
    if (summary.table, summary.bucket) != (config.table, config.bucket):
        raise StateUnusable(f"set BLDR_TABLE={summary.table} and BLDR_BUCKET={summary.bucket} as in the backup")
    return summary


def _restore_objects(backup: Path, summary: Summary) -> None:
    objects = read_list(backup)
    client("s3").head_bucket(Bucket=summary.bucket)
    put_back(summary.bucket, objects, backup / OBJECTS)
    wrong = differences(summary.bucket, objects)
    if wrong:
        raise StateUnusable(
            f"{len(wrong)} objects differ from the backup, the first is {wrong[0]}; its file is damaged"
        )


def _compare_rows(folder: StateFolder, summary: Summary) -> None:
    if digest_of_rows(folder.table / DATABASE, summary.table) != (summary.rows, summary.digest_of_rows):
        raise StateUnusable("the rows differ from the backup; its file table.db is damaged")


def main() -> None:
    """Restore, and print what was restored."""
    parser = argparse.ArgumentParser(prog="python -m local.state.restore", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("backup", help="a folder that `make backup` made")
    parser.add_argument("state", help="a new folder for `make run STATE=folder`")
    options = parser.parse_args()
    try:
        summary = restore(Path(options.backup).expanduser().resolve(), options.state)
    except StateUnusable as problem:
        sys.exit(f"bldr: {problem}")
    except (BotoCoreError, ClientError) as problem:
        sys.exit(f"bldr: the object store does not take the backup: {problem}; delete {options.state} and repeat it")
    print(f"restored {summary.rows} rows and {summary.objects} objects to {options.state}; all equal the backup")


if __name__ == "__main__":
    main()
