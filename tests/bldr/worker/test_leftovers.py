"""A worker removes what killed workers have left in its work folder, and nothing of workers that run."""

import os
from pathlib import Path

from bldr.worker.leftovers import hold_folder
from bldr.worker.workspace import Workspace


def test_the_workspaces_of_killed_workers_are_removed(tmp_path: Path) -> None:
    left = Workspace.create(tmp_path, "123")
    (left.keys / "acme-20240101000000.sig.key").write_text("secret")
    left.src.chmod(0o500)
    (tmp_path / "notes").mkdir()

    hold_folder(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes"]


def test_the_workspaces_of_a_worker_that_runs_are_kept(tmp_path: Path) -> None:
    lock = hold_folder(tmp_path)
    assert lock is not None
    running = Workspace.create(tmp_path, "123")

    second = hold_folder(tmp_path)
    assert running.src.is_dir()
    assert second is not None
    os.close(second)

    os.close(lock)  # as at the end of the process
    hold_folder(tmp_path)
    assert not running.root.exists()
