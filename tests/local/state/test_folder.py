"""The files of a state folder: private, whole after an interruption, and used by one stack at a time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.state.credentials import ensure_builder_key, ensure_credentials
from local.state.folder import Lock, StateFolder, StateUnusable, existing_folder, open_folder, write_private


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    """A new state folder."""
    return open_folder(str(tmp_path / "a" / "state"))


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return path.stat().st_mode & 0o777


def test_the_folder_and_its_secrets_are_readable_by_their_user_alone(folder: StateFolder) -> None:
    ensure_credentials(folder)
    ensure_builder_key(folder)
    files = [folder.credentials, *folder.keys.iterdir()]

    assert [mode(folder.path), mode(folder.keys)] == [0o700, 0o700]
    assert {mode(path) for path in files} == {0o600}
    assert len(files) == 2


def test_credentials_and_the_builder_key_are_generated_once(folder: StateFolder) -> None:
    first = ensure_credentials(folder)
    ensure_builder_key(folder)
    keys = sorted(folder.keys.iterdir())
    ensure_builder_key(folder)

    assert ensure_credentials(folder) == first
    assert sorted(folder.keys.iterdir()) == keys
    assert first.access_key.isalnum(), "DynamoDB Local accepts no other characters"
    assert len({first.access_key, first.secret_key, first.table_path}) == 3


def test_a_second_lock_is_refused_until_all_that_inherited_the_first_have_ended(folder: StateFolder) -> None:
    first, second = Lock(folder), Lock(folder)
    assert first.take()
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    heir = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[first.descriptor])
    first.release()

    assert not second.take()
    heir.kill()
    heir.wait()
    assert second.take()
    second.release()


def test_an_interrupted_write_leaves_the_old_file(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder.path / "file"
    write_private(path, "old")

    def fail(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(KeyboardInterrupt):
        write_private(path, "new")
    assert path.read_text() == "old"


def test_a_file_of_credentials_that_is_not_ours_is_refused_with_its_name(folder: StateFolder) -> None:
    folder.credentials.write_text(json.dumps({"user": "x"}))
    with pytest.raises(StateUnusable, match=r"credentials\.json"):
        ensure_credentials(folder)
    folder.credentials.write_text("{")
    with pytest.raises(StateUnusable, match=r"credentials\.json"):
        ensure_credentials(folder)


def test_a_restore_that_was_interrupted_is_refused(folder: StateFolder) -> None:
    folder.incomplete.touch()
    with pytest.raises(StateUnusable, match="delete the folder and restore it again"):
        open_folder(str(folder.path))


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").touch()
    before = mode(tmp_path)
    with pytest.raises(StateUnusable, match="has other files"):
        open_folder(str(tmp_path))
    assert mode(tmp_path) == before


@pytest.mark.parametrize("path", ["", "none"])
def test_only_a_folder_that_was_used_can_be_backed_up(tmp_path: Path, path: str) -> None:
    with pytest.raises(StateUnusable, match="is not a state folder"):
        existing_folder(path and str(tmp_path / path))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_used_is_opened_again(folder: StateFolder) -> None:
    lock = Lock(folder)
    assert lock.take()
    lock.release()
    ensure_credentials(folder)
    assert open_folder(str(folder.path)) == existing_folder(str(folder.path)) == folder


def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateUnusable, match="name a folder of this user"):
        open_folder(str(tmp_path / "file"))
