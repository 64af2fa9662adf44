"""Each worker of a machine has a build user of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from bldr.worker import build_users
from bldr.worker.errors import WorkerUnusable


@pytest.fixture(autouse=True)
def _locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_users, "LOCKS", tmp_path / "locks")


def test_no_two_workers_have_the_same_user() -> None:
    assert [build_users.occupy() for _ in range(3)] == [64321, 64322, 64323]


def test_the_user_of_a_worker_that_has_ended_is_free_again(tmp_path: Path) -> None:
    program = "\n".join(
        [
            "from pathlib import Path",
            "from bldr.worker import build_users",
            f"build_users.LOCKS = Path({str(tmp_path / 'locks')!r})",
            "print(build_users.own(), build_users.own())",
        ]
    )
    for _ in range(2):
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert ended.stdout.split() == ["64321", "64321"]


def test_more_workers_than_users_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_users, "USERS", range(64321, 64322))
    build_users.occupy()

    with pytest.raises(WorkerUnusable, match="1 workers run on this machine as root already"):
        build_users.occupy()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(build_users, "LOCKS", tmp_path / "file" / "locks")

    with pytest.raises(WorkerUnusable, match="locks cannot be used: Not a directory"):
        build_users.occupy()
