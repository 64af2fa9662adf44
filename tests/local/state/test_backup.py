"""A backup has every object that its rows name, also if packages are stored and deleted while it is made."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from local.state import backup, stored_objects
from local.state.backup import Summary, back_up
from local.state.folder import StateFolder, StateUnusable, open_folder
from local.state.restore import read_summary
from local.state.snapshot import copy_database, digest_of_rows, named_objects
from local.state.stored_objects import read_list
from local.state.stores import DATABASE


@pytest.fixture
def folder(table: None, tmp_path: Path) -> StateFolder:
    """A state folder whose database has the form of DynamoDB Local's; its objects are in the embedded engine."""
    made = open_folder(str(tmp_path / "state"))
    made.table.mkdir()
    made.keys.mkdir()
    (made.keys / "bldr-1.box.key").write_text("key")
    with closing(sqlite3.connect(made.table / DATABASE)) as database:
        columns = "hashKey TEXT, rangeKey TEXT, ObjectJSON BLOB, PRIMARY KEY(hashKey, rangeKey)"
        database.execute(f'CREATE TABLE "{config.table}" ({columns})')
        database.commit()
    for each in client("s3").list_objects_v2(Bucket=config.bucket).get("Contents", []):
        client("s3").delete_object(Bucket=config.bucket, Key=each["Key"])
    return made


def add(folder: StateFolder, key: str, content: bytes = b"content") -> None:
    """Store an object and then a row that names it."""
    client("s3").put_object(Bucket=config.bucket, Key=key, Body=content, ContentType="application/octet-stream")
    item = f'{{"pk":{{"S":"p"}},"artifact":{{"S":"{key}"}}}}'.encode()
    _execute(folder, f'INSERT INTO "{config.table}" VALUES (?, ?, ?)', b"p", key.encode(), item)


def remove(folder: StateFolder, key: str) -> None:
    """Delete the row and then the object."""
    _execute(folder, f'DELETE FROM "{config.table}" WHERE rangeKey = ?', key.encode())
    client("s3").delete_object(Bucket=config.bucket, Key=key)


def _execute(folder: StateFolder, statement: str, *values: bytes) -> None:
    with closing(sqlite3.connect(folder.table / DATABASE)) as database:
        database.execute(statement, values)
        database.commit()


def test_a_backup_has_the_rows_the_objects_with_their_headers_and_the_keys(folder: StateFolder, tmp_path: Path) -> None:
    add(folder, "core/a", b"one")
    add(folder, "core/b", b"one")

    path, summary = back_up(folder, tmp_path / "backups")

    assert (summary.rows, summary.objects, summary.bytes, summary.missing) == (2, 2, 6, ())
    assert named_objects(path / "table.db", config.table) == {"core/a", "core/b"}
    saved = read_list(path)
    assert [(each.key, each.headers) for each in saved] == [
        (key, {"ContentType": "application/octet-stream"}) for key in ("core/a", "core/b")
    ]
    assert {(path / "objects" / each.path).read_bytes() for each in saved} == {b"one"}
    assert (path / "keys" / "bldr-1.box.key").read_text() == "key"
    assert read_summary(path) == summary
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_folder_for_other_files_as_well_stays_open_to_others(folder: StateFolder, tmp_path: Path) -> None:
    to = tmp_path / "backups"
    to.mkdir()
    to.chmod(0o755)

    path, _ = back_up(folder, to)

    assert (to.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o755, 0o700)


def test_the_next_backup_links_what_has_not_changed(folder: StateFolder, tmp_path: Path) -> None:
    add(folder, "core/a", b"old")
    first, _ = back_up(folder, tmp_path / "backups")
    add(folder, "core/b", b"new")

    second, summary = back_up(folder, tmp_path / "backups")

    assert summary.objects == 2
    unchanged = read_list(first)[0].path
    assert (first / "objects" / unchanged).samefile(second / "objects" / unchanged)


def test_an_object_that_is_stored_after_the_first_list_is_in_the_backup(
    folder: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_rows(monkeypatch, lambda: add(folder, "core/late"))
    path, summary = back_up(folder, tmp_path / "backups")

    assert summary.rows == summary.objects == 1
    assert [each.key for each in read_list(path)] == ["core/late"]


def test_rows_are_copied_again_if_an_object_that_they_name_was_deleted_meanwhile(
    folder: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_rows(monkeypatch, lambda: add(folder, "core/late"), after=lambda: remove(folder, "core/late"))
    path, summary = back_up(folder, tmp_path / "backups")

    assert (summary.rows, summary.missing) == (0, ())
    assert named_objects(path / "table.db", config.table) == set()


def test_an_object_that_does_not_exist_at_all_is_reported(folder: StateFolder, tmp_path: Path) -> None:
    add(folder, "core/lost")
    client("s3").delete_object(Bucket=config.bucket, Key="core/lost")

    assert back_up(folder, tmp_path / "backups")[1].missing == ("core/lost",)


def test_an_interrupted_backup_leaves_nothing(
    folder: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    before_rows(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        back_up(folder, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_differences_are_objects_that_are_missing_changed_or_additional(folder: StateFolder, tmp_path: Path) -> None:
    for key in ("a", "b", "c"):
        add(folder, key)
    saved = read_list(back_up(folder, tmp_path / "backups")[0])
    assert stored_objects.differences(config.bucket, saved) == []

    client("s3").delete_object(Bucket=config.bucket, Key="a")
    client("s3").put_object(Bucket=config.bucket, Key="b", Body=b"changed")
    client("s3").put_object(Bucket=config.bucket, Key="d", Body=b"")
    assert stored_objects.differences(config.bucket, saved) == ["a", "b", "d"]


def test_the_digest_of_the_rows_changes_with_each_value(folder: StateFolder) -> None:
    database = folder.table / DATABASE
    add(folder, "core/a")
    first = digest_of_rows(database, config.table)
    _execute(folder, f'UPDATE "{config.table}" SET ObjectJSON = ?', b'{"artifact":{"S":"core/b"}}')
    assert digest_of_rows(database, config.table) != first


def test_a_folder_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateUnusable, match="name the folder of `make run STATE=folder`"):
        copy_database(tmp_path / "none.db", tmp_path / "copy.db")


def test_a_folder_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateUnusable, match="is not a backup"):
        read_summary(tmp_path)


def test_a_backup_of_other_names_says_which_to_set(tmp_path: Path) -> None:
    summary = Summary("other", "bucket", 0, "", 0, 0)
    (tmp_path / "summary.json").write_bytes(msgspec.json.encode(summary))
    with pytest.raises(StateUnusable, match="set BLDR_TABLE=other and BLDR_BUCKET=bucket"):
        read_summary(tmp_path)


def before_rows(
    monkeypatch: pytest.MonkeyPatch, do: Callable[[], None], after: Callable[[], None] = lambda: None
) -> None:
    """Do something once before the rows are copied, and something else once after that."""
    waiting = [do, after]

    def copy(source: Path, target: Path) -> None:
        first, second = (waiting.pop(0), waiting.pop(0)) if waiting else (lambda: None, lambda: None)
        first()
        copy_database(source, target)
        second()

    monkeypatch.setattr(backup, "copy_database", copy)
