"""The kinds of isolation that this machine allows: each builds a package, and says what it does not isolate."""

import os
import select
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bldr.worker import build_users
from bldr.worker.plain_strategy import PlainStrategy
from bldr.worker.sandbox import SANDBOX_SCRIPT, Isolation, Sandbox
from bldr.worker.workspace import Workspace
from tests.bldr.worker.builders import PLAN, a_bundle, a_worker, running_commands
from tests.bldr.worker.fake_builder import FakeBuilder, FakeJob
from tests.builders.names import a_name

Repository = Callable[[Mapping[str, str]], str]


def build_in(isolation: Isolation, builder: FakeBuilder, url: str, folder: Path) -> FakeJob:
    """Build in a kind of isolation, or skip the test if this machine does not allow it."""
    sandbox = Sandbox(isolation)
    if not sandbox.works():
        pytest.skip(f"this machine does not allow isolation by {isolation}")
    job = builder.add(a_bundle(url))
    a_worker(builder, PlainStrategy(sandbox, folder / "archives"), folder / "jobs").run(once=True)
    return job


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that other users may enter."""
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(0o711)
        if folder.name.startswith("pytest-of-"):
            break
    return tmp_path


@pytest.mark.parametrize("isolation", Isolation)
def test_every_kind_of_isolation_builds(
    builder: FakeBuilder, repository: Repository, open_folder: Path, isolation: Isolation
) -> None:
    job = build_in(isolation, builder, repository({"plan.sh": PLAN}), open_folder)

    assert job.result["kind"] == "complete", job.log
    assert list((open_folder / "jobs").iterdir()) == []


@pytest.mark.parametrize("isolation", [Isolation.USER, Isolation.NONE])
def test_the_log_says_what_is_not_isolated(
    builder: FakeBuilder, repository: Repository, open_folder: Path, isolation: Isolation
) -> None:
    job = build_in(isolation, builder, repository({"plan.sh": PLAN}), open_folder)

    assert any(line.startswith("this build runs ") for line in job.lines)


@pytest.mark.parametrize("isolation", [Isolation.NAMESPACES, Isolation.USER])
def test_root_without_its_capabilities_cannot_isolate(monkeypatch: pytest.MonkeyPatch, isolation: Isolation) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("os.chown", refuse)

    assert not Sandbox(isolation).works()


def test_another_user_cannot_read_the_key_nor_outlive_the_build(
    builder: FakeBuilder, repository: Repository, open_folder: Path
) -> None:
    mark = a_name("mark")
    plan = PLAN + (
        "do_build() {\n  id -u; cat $SRC_PATH/../keys/* || true\n"
        f"  setsid bash -c 'exec -a {mark} sleep 300' >/dev/null 2>&1 & disown; sleep 0.2\n}}\n"
    )
    job = build_in(Isolation.USER, builder, repository({"plan.sh": plan}), open_folder)

    assert str(build_users.own()) in job.lines
    assert "SIG-SEC-1" not in job.log
    assert not any(mark in command for command in running_commands())


@pytest.mark.parametrize("isolation", Isolation)
def test_the_trial_does_not_change_the_folder_of_temporary_files(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, isolation: Isolation
) -> None:
    open_folder.chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))

    Sandbox(isolation).works()

    assert stat.S_IMODE(open_folder.stat().st_mode) == 0o1777


def test_the_build_of_another_worker_cannot_read_the_folders_of_a_build(open_folder: Path) -> None:
    sandbox = Sandbox(Isolation.USER)
    if not sandbox.works():
        pytest.skip("this machine does not allow isolation by user")
    workspace = Workspace.create(open_folder, "1")
    sandbox.prepare(workspace, SANDBOX_SCRIPT)
    archive = workspace.studio / "artifacts" / "private.hart"
    archive.touch()

    def can_read(user: int) -> bool:
        command = ["cat", str(archive)]
        return subprocess.run(command, user=user, group=user, extra_groups=[], check=False).returncode == 0

    assert can_read(build_users.own())
    assert not can_read(build_users.own() + 1)


PROGRAM_THAT_STARTS_ITSELF_AGAIN = """
import os
while True:
    if os.fork():
        os._exit(0)
"""


def test_no_process_outlives_a_build_by_starting_another_one() -> None:
    sandbox = Sandbox(Isolation.USER)
    if not sandbox.works():
        pytest.skip("this machine does not allow isolation by user")
    user, (open_while_one_runs, held_by_all) = build_users.own(), os.pipe()
    command = [shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable, "-I", "-S", "-c"]
    for _ in range(20):
        subprocess.run(
            [*command, PROGRAM_THAT_STARTS_ITSELF_AGAIN],
            user=user,
            group=user,
            extra_groups=[],
            pass_fds=[held_by_all],
            check=True,
            cwd="/",
        )
    os.close(held_by_all)

    sandbox.end_processes()

    assert select.select([open_while_one_runs], [], [], 5)[0] == [open_while_one_runs]
    os.close(open_while_one_runs)
