"""`bldr worker` as a separate process: options, credential, signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bldr.worker.sandbox import Isolation, best_isolation
from tests.bldr.command_line import CommandLine
from tests.bldr.worker.builders import PLAN, a_bundle, a_repository
from tests.bldr.worker.fake_builder import WORKER_TOKEN, FakeBuilder, ended, fake_builder
from tests.builders.waiting import PATIENCE, until

SLOW_PLAN = PLAN + "do_build() { build_line compiling; sleep 300; }\n"
QUICK = ("--claim-seconds", "0", "--retry-seconds", "0.01", "--allow-file", "--allow-unisolated", "--strategy", "plain")


@pytest.fixture
def builder() -> Iterator[FakeBuilder]:
    """A running Builder."""
    with fake_builder() as running:
        yield running


@contextmanager
def worker_process(builder: FakeBuilder, folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A worker with the strategy plain."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HAB_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "bldr", "worker", "--target", "x86_64-linux", "--work-folder", folder, *QUICK, *options],
        env=environment | {"HAB_BLDR_URL": builder.url, "BLDR_WORKER_TOKEN": WORKER_TOKEN},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_one_job_with_once(builder: FakeBuilder, tmp_path: Path) -> None:
    job = builder.add(a_bundle(a_repository(tmp_path / "repository", {"plan.sh": PLAN})))

    with worker_process(builder, tmp_path / "work", "--once", "--name", "builder-7") as process:
        _, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert job.result["kind"] == "complete"
    assert "worker builder-7 for x86_64-linux" in errors
    assert "ended after 1 job" in errors
    assert WORKER_TOKEN not in errors


def test_a_second_worker_with_the_same_work_folder_does_not_start(builder: FakeBuilder, tmp_path: Path) -> None:
    with worker_process(builder, tmp_path / "work"):
        assert until(lambda: bool(builder.claims))
        with worker_process(builder, tmp_path / "work") as second:
            _, errors = second.communicate(timeout=PATIENCE)

    assert second.returncode == 1
    assert "another worker uses the work folder" in errors
    assert "--work-folder" in errors


def test_a_worker_removes_the_jobs_of_one_that_was_killed(builder: FakeBuilder, tmp_path: Path) -> None:
    builder.add(a_bundle(a_repository(tmp_path / "repository", {"plan.sh": SLOW_PLAN})))
    keys = tmp_path / "work/jobs"
    with worker_process(builder, tmp_path / "work") as process:
        assert until(lambda: any(keys.glob("*/keys/*")))
        process.kill()
        process.wait()
        assert any(keys.glob("*/keys/*"))

    with worker_process(builder, tmp_path / "work", "--idle-seconds", "0") as process:
        process.communicate(timeout=PATIENCE)
    assert list(keys.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_returns_the_job(builder: FakeBuilder, tmp_path: Path, number: signal.Signals) -> None:
    job = builder.add(a_bundle(a_repository(tmp_path / "repository", {"plan.sh": SLOW_PLAN})))

    with worker_process(builder, tmp_path / "work", "--grace", "0") as process:
        assert until(lambda: "compiling" in job.log)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0

    assert job.result["kind"] == "returned"
    assert list((tmp_path / "work/jobs").iterdir()) == []


def test_the_second_signal_kills_the_build(builder: FakeBuilder, tmp_path: Path) -> None:
    job = builder.add(a_bundle(a_repository(tmp_path / "repository", {"plan.sh": SLOW_PLAN})))

    with worker_process(builder, tmp_path / "work", "--grace", "300") as process:
        assert until(lambda: "compiling" in job.log)
        build = _children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert until(lambda: "a second signal kills" in (process.stderr.readline() if process.stderr else ""))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 137

    assert job.results == []
    assert build
    assert until(lambda: not any(Path(f"/proc/{each}").exists() for each in build))


def test_a_signal_ends_an_idle_worker(builder: FakeBuilder, tmp_path: Path) -> None:
    with worker_process(builder, tmp_path / "work") as process:
        assert until(lambda: len(builder.claims) > 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_an_attempt_after_a_crash_starts_with_an_empty_workspace(builder: FakeBuilder, tmp_path: Path) -> None:
    job = builder.add(a_bundle(a_repository(tmp_path / "repository", {"plan.sh": SLOW_PLAN})))
    with worker_process(builder, tmp_path / "work") as process:
        assert until(lambda: "compiling" in job.log)
        build = _children(process.pid)
        process.kill()
        process.wait()

    if best_isolation() is Isolation.NAMESPACES:
        assert until(lambda: not any(Path(f"/proc/{each}").exists() for each in build))
    assert (tmp_path / "work/jobs" / job.id / "src/plan.sh").exists()
    job.claim = ""
    job.lines.clear()
    (tmp_path / "repository/plan.sh").write_text(PLAN)
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qam", "quick"],
        cwd=tmp_path / "repository",
        check=True,
    )
    with worker_process(builder, tmp_path / "work", "--once"):
        assert ended(job)

    assert job.result["kind"] == "complete", job.log


def test_a_worker_needs_a_credential(unconfigured: CommandLine, tmp_path: Path) -> None:
    output = unconfigured.fails("worker", "--url", "http://localhost:1", "--work-folder", tmp_path / "work")

    assert "the worker has no credential; set BLDR_WORKER_TOKEN or pass --token-file" in output


def test_a_worker_needs_a_builder(unconfigured: CommandLine, tmp_path: Path) -> None:
    assert "no Builder is configured" in unconfigured.fails("worker", "--work-folder", tmp_path / "work")


def test_a_builder_without_tls_needs_consent(unconfigured: CommandLine, tmp_path: Path) -> None:
    arguments = ("worker", "--url", "http://bldr.example.com", "--work-folder", tmp_path / "work")

    assert "pass --allow-http" in unconfigured.fails(*arguments, BLDR_WORKER_TOKEN="token")


def test_the_credential_is_no_option(unconfigured: CommandLine) -> None:
    assert unconfigured.run("worker", "--token", "text").exit_code == 2


def test_a_machine_without_isolation_needs_consent(
    unconfigured: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bldr.commands.worker.best_isolation", lambda: Isolation.NONE)
    arguments = ("worker", "--strategy", "plain", "--url", "http://localhost:1", "--work-folder", tmp_path / "work")

    assert "pass --allow-unisolated" in unconfigured.fails(*arguments, BLDR_WORKER_TOKEN="token")


def test_a_machine_without_git_is_reported(
    unconfigured: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "git is not installed" in unconfigured.fails("worker")


def test_this_machine_has_a_kind_of_isolation() -> None:
    assert best_isolation() in Isolation


def _children(process: int) -> list[int]:
    threads = Path(f"/proc/{process}/task").iterdir()
    children = [child for thread in threads for child in (thread / "children").read_text().split()]
    return [int(child) for child in children] + [each for child in children for each in _children(int(child))]
