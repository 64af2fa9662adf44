"""The stores are prepared again after an interrupted first start, and end with the process that started them."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from local.parent import PARENT
from local.state import stores
from local.state.folder import StateUnusable
from tests.builders.stack import REPOSITORY
from tests.builders.waiting import until

START = """
import os, subprocess, sys
os.environ["{parent}"] = str(os.getpid())
child = subprocess.Popen([sys.executable, "-m", "local.state.program", "sleep", "600"])
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program in place of JuiceFS, which creates the index of its last but one argument."""
    path = tmp_path / "program"
    path.write_text("#!/bin/sh\nfor last; do before=$index; index=$last; done\n: > ${before#sqlite3://}\n")
    path.chmod(0o755)
    return path


def test_an_interrupted_first_start_is_repeated_from_the_beginning(tmp_path: Path, program: Path) -> None:
    folder = tmp_path / "objects"
    (folder / "blocks").mkdir(parents=True)
    (folder / "blocks" / "half").touch()

    assert stores._prepare_objects(folder, program, "bucket", os.environ) == f"sqlite3://{folder}/index.db"
    assert sorted(path.name for path in folder.iterdir()) == ["formatted", "index.db"]


def test_a_prepared_store_is_left_alone_and_keeps_its_bucket(tmp_path: Path, program: Path) -> None:
    folder = tmp_path / "objects"
    stores._prepare_objects(folder, program, "bucket", os.environ)
    (folder / "blocks").touch()
    stores._prepare_objects(folder, Path("/bin/false"), "bucket", os.environ)

    assert (folder / "blocks").exists()
    with pytest.raises(StateUnusable, match="has the bucket 'bucket'; set BLDR_BUCKET"):
        stores._prepare_objects(folder, program, "other", os.environ)


def test_a_store_that_cannot_be_prepared_is_reported_with_its_message(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho first >&2; echo disk full >&2; exit 1\n")
    program.chmod(0o755)
    with pytest.raises(StateUnusable, match="disk full"):
        stores._prepare_objects(tmp_path / "objects", program, "bucket", os.environ)


def test_the_database_of_the_table_has_a_write_ahead_log(tmp_path: Path) -> None:
    stores._prepare_database(tmp_path / "table")
    with closing(sqlite3.connect(tmp_path / "table" / stores.DATABASE)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        database.execute("CREATE TABLE kept (x)")
    stores._prepare_database(tmp_path / "table")
    with closing(sqlite3.connect(tmp_path / "table" / stores.DATABASE)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchone() == ("kept",)


def test_a_store_ends_when_the_process_that_started_it_is_killed() -> None:
    command = [sys.executable, "-c", START.format(parent=PARENT)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        store = int(starter.stdout.readline())
        assert until(lambda: Path(f"/proc/{store}/cmdline").read_text().startswith("sleep"))
        os.kill(starter.pid, signal.SIGKILL)

    assert until(lambda: not _runs(store))


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
