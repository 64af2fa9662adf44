"""The local stack starts a worker, without secrets of the service, and restarts it."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from bldr.worker.sandbox import Isolation
from local import worker
from local.children import Child
from local.restarts import AFTER_EXIT, AFTER_KILL, Restarts
from local.worker import LocalWorker
from tests.builders.stack import process_tree
from tests.builders.waiting import until

EXIT, KILL = 3, -int(signal.SIGKILL)
WRITE = "import json, os, sys; open(sys.argv[1], 'a').write(json.dumps([os.getpid(), dict(os.environ)]) + '\\n')"
WAIT = WRITE + "; print('built', flush=True); __import__('time').sleep(600)"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, True), ({"BLDR_WORKER": "on"}, True), ({"BLDR_WORKER": "off"}, False), ({"HAB_FUNC_TEST": ""}, False)],
)
def test_there_is_a_worker_unless_it_is_off_or_in_functional_test_mode(
    environment: dict[str, str], expected: bool
) -> None:
    assert worker.is_wanted(environment) is expected


def test_the_worker_gets_its_token_but_no_credentials_of_the_service() -> None:
    ours = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "secret", "BLDR_SECRET_KEY": "key", "HAB_AUTH_TOKEN": "token"}

    environment = worker.environment_of("http://localhost:9636", "bldrw_1", ours)

    assert environment.pop("XDG_CACHE_HOME").endswith("/bldr/local-9636"), "each stack has its own work folder"
    assert environment == {
        "PATH": "/bin",
        "HAB_BLDR_URL": "http://localhost:9636",
        "BLDR_WORKER_TOKEN": "bldrw_1",
        "PYTHONUNBUFFERED": "1",
    }
    assert not any("bldrw" in part for part in worker.COMMAND)


def test_a_user_of_make_learns_what_to_do_on_a_machine_without_isolation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "best_isolation", lambda: Isolation.NONE)

    with pytest.raises(SystemExit, match="`BLDR_WORKER=unisolated make run`"):
        worker.require_isolation(worker.command_of({}))

    worker.require_isolation(worker.command_of({"BLDR_WORKER": "unisolated"}))


def test_a_machine_with_isolation_needs_no_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "best_isolation", lambda: Isolation.USER)

    worker.require_isolation(worker.command_of({}))


@pytest.mark.parametrize(("job", "seconds"), [("1", worker.GRACE_SECONDS), (None, worker.IDLE_GRACE_SECONDS)])
def test_only_a_worker_with_a_job_gets_time_to_hand_it_back(
    monkeypatch: pytest.MonkeyPatch, job: str | None, seconds: float
) -> None:
    graces: list[float] = []
    monkeypatch.setattr(Child, "start", lambda *_: None)
    monkeypatch.setattr(Child, "stop", lambda _, grace: graces.append(grace))
    local_worker = LocalWorker({})
    if job is not None:
        Path(local_worker._folder.name, "jobs", job).mkdir(parents=True)

    local_worker.stop()

    assert graces == [seconds]


def test_a_killed_worker_is_restarted_and_its_output_has_its_name(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "starts"
    local_worker = LocalWorker({"PATH": os.environ["PATH"], "MARK": "1"}, [sys.executable, "-c", WAIT, str(written)])
    try:
        assert until(lambda: len(starts(written)) == 1)
        (pid, environment), *_ = starts(written)
        assert local_worker.watch() is None
        os.kill(pid, signal.SIGKILL)

        assert until(lambda: (local_worker.watch() or "").startswith("the worker ended (SIGKILL)"))
        assert until(lambda: local_worker.watch() is None and len(starts(written)) == 2)
        assert until(lambda: written.read_text().endswith("\n"))
        assert environment["MARK"] == "1"
        assert until(lambda: "worker: built" in capfd.readouterr().out)
    finally:
        local_worker.stop()
    assert not any(pid in process_tree(os.getpid()) for pid, _ in starts(written))


def starts(written: Path) -> list[Any]:
    """Return the process ids and environments of the worker, one per start."""
    return [json.loads(line) for line in written.read_text().splitlines()] if written.exists() else []


def test_a_worker_that_keeps_ending_by_itself_is_started_less_and_less_often() -> None:
    restarts = Restarts()

    assert restarts.pause(KILL) == 0.0
    pauses = [restarts.pause(EXIT) for _ in range(12)]
    assert pauses == sorted(pauses)
    assert (pauses[0] > 0, pauses[-1]) == (True, 60.0)


@pytest.mark.parametrize(("status", "limit"), [(EXIT, AFTER_EXIT), (KILL, AFTER_KILL)])
def test_a_server_that_keeps_ending_is_not_restarted_for_ever(status: int, limit: int) -> None:
    restarts = Restarts()

    assert [restarts.are_allowed(status) for _ in range(limit + 1)] == [True] * limit + [False]
