"""A stack with a state folder loses nothing that was acknowledged, whichever processes are killed, and is backed up.

`make test-state` installs what this needs and runs it.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from local.state.folder import StateUnusable
from local.state.programs import installed, require_java
from tests.builders.hart import Hart, a_hart
from tests.builders.names import a_name
from tests.builders.stack import REPOSITORY, Stack, depot_stack, process_tree
from tests.builders.waiting import PATIENCE, until


def _missing() -> str | None:
    if not os.environ.get("TEST_STATE"):
        return "takes minutes; `make test-state` runs it"
    if installed() is None:
        return "the programs that store the state are not installed; `make test-state` installs them"
    try:
        require_java()
    except StateUnusable as problem:
        return str(problem)
    return None


pytestmark = pytest.mark.skipif(_missing() is not None, reason=_missing() or "")

ROUNDS = int(os.environ.get("STATE_KILLS") or "3")
LONG = 5 * PATIENCE
"""A restart of a store takes seconds, and on a busy machine much longer."""

QUIET = {"BLDR_WORKER": "off", "BLDR_WORKERS": "1", "BLDR_DOWNLOAD_MODE": "front"}


class Uploader:
    """Uploads packages one after the other, also while the service is away, and notes which are acknowledged."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._number = 0
        self.acknowledged: list[Hart] = []

    def upload(self, stack: Stack) -> None:
        """Upload one package."""
        self._number += 1
        hart = a_hart(origin=self._origin, version=f"1.{self._number}", extra_files={"big": os.urandom(50_000)})
        try:
            if stack.upload(hart).status_code == 201:
                self.acknowledged.append(hart)
        except httpx.HTTPError:
            return

    @contextmanager
    def at_work(self, stack: Stack) -> Iterator[None]:
        """Upload in another thread inside the block."""
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                self.upload(stack)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def demand_all(self, stack: Stack) -> None:
        """Assert that every acknowledged package is listed and has its bytes."""
        for hart in self.acknowledged:
            answer = stack.http.get(f"/v1{hart.url}/download", params={"target": hart.target})
            assert (answer.status_code, answer.content == hart.content) == (200, True), hart.path
        shown = stack.http.get(f"/v1/depot/pkgs/{self._origin}/widget/latest").json()
        newest = self.acknowledged[-1].ident
        assert tuple(map(int, shown["ident"]["version"].split("."))) >= tuple(map(int, str(newest.version).split(".")))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder that does not exist yet."""
    return tmp_path / "state"


@contextmanager
def running(state: Path, name: str) -> Iterator[Stack]:
    """Run a stack on a state folder."""
    with depot_stack(state.with_name(f"{name}.log"), BLDR_STATE=str(state), **QUIET) as stack:
        yield stack


def child(stack: Stack, word: str) -> int | None:
    """Return a process of a stack with a word in its command."""
    with suppress(FileNotFoundError, ProcessLookupError):  # one has just ended
        for process in process_tree(stack.pid):
            if word in Path(f"/proc/{process}/cmdline").read_text().partition("\0-m\0local.state.program")[0]:
                return process
    return None


def upload_in_parts_as_from_another_machine(stack: Stack) -> None:
    """Upload a package in parts, with URLs for a client that does not reach the object store."""
    hart = a_hart(origin=stack.an_origin(), extra_files={"big": os.urandom(50_000)})
    size = len(hart.content)
    announced = {"ident": hart.path, "target": hart.target, "checksum": hart.checksum, "size": size}
    answer = stack.http.post("/v1/depot/uploads", json=announced, headers={"Host": "depot.example:9636"}).json()
    host, _, path = answer["parts"][0]["url"].partition("/parts/")
    assert host == "http://depot.example:9636"
    assert httpx.put(f"{stack.url}/parts/{path}x", content=hart.content).status_code == 403, "another signature"
    assert httpx.put(f"{stack.url}/parts/{path}", content=hart.content, timeout=PATIENCE).status_code == 200
    complete = f"/v1/depot/uploads/{answer['upload_id']}/complete"
    assert until(lambda: stack.http.post(complete).status_code == 201)
    assert stack.http.get(f"/v1{hart.url}/download").content == hart.content


def command(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a module as `make` does, without settings of these tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLDR_", "HAB_"))}
    words = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)


def test_what_was_acknowledged_survives_kills_of_each_process_and_of_all(state: Path) -> None:
    random.seed(12)
    with running(state, "first") as stack:
        origin = stack.an_origin()
        uploader = Uploader(origin)
        uploader.upload(stack)
        for word in ("XmlConfiguration", "gateway", "local.engine") * ROUNDS:
            before = child(stack, word)
            with uploader.at_work(stack):
                time.sleep(random.uniform(0, 1))
                os.kill(before or 0, signal.SIGKILL)
                assert until(lambda word=word, before=before: child(stack, word) not in (None, before), LONG)  # type: ignore[misc]  # bound
                seen = len(uploader.acknowledged)
                assert until(lambda seen=seen: len(uploader.acknowledged) > seen, LONG)  # type: ignore[misc]  # bound
        uploader.demand_all(stack)
    for number in range(ROUNDS):
        with running(state, f"all-{number}") as stack:
            uploader.demand_all(stack)
            with uploader.at_work(stack):
                seen = len(uploader.acknowledged)
                assert until(lambda seen=seen: len(uploader.acknowledged) > seen + 3)  # type: ignore[misc]  # bound
                doomed = process_tree(stack.pid) if number % 2 else [stack.pid]
                for process in doomed:
                    os.kill(process, signal.SIGKILL)
    with running(state, "last") as stack:
        uploader.demand_all(stack)


def test_a_folder_serves_one_stack_and_is_backed_up_while_it_runs(state: Path, tmp_path: Path) -> None:
    backups, restored = tmp_path / "backups", tmp_path / "restored"
    with running(state, "first") as stack:
        uploader = Uploader(stack.an_origin())
        uploader.upload(stack)
        account = stack.http.get("/v1/profile").json()
        with uploader.at_work(stack):
            assert until(lambda: len(uploader.acknowledged) > 3)
            before = list(uploader.acknowledged)
            assert command("local.state.backup", state, backups).returncode == 0
            again = command("local.state.backup", state, backups)
        assert again.returncode == 0, again.stderr
        assert "does not exist" not in again.stdout

        table = json.loads((state / "endpoints.json").read_text())["AWS_ENDPOINT_URL_DYNAMODB"]
        assert httpx.get(table).status_code == 400, "a request without an operation"
        assert httpx.get(table.rpartition("/")[0] + "/guessed").status_code == 404

        upload_in_parts_as_from_another_machine(stack)

        environment = {**os.environ, "BLDR_STATE": str(state), "BLDR_PORT": "0"}
        refused = subprocess.run(
            [sys.executable, "-m", "local"],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.returncode == 7
        assert "is in use by another stack or a backup" in refused.stdout

    newest = max(backups.iterdir())
    done = command("local.state.restore", newest, restored)
    assert done.returncode == 0, done.stderr
    assert "all equal the backup" in done.stdout
    with running(restored, "restored") as stack:
        uploader.acknowledged = before
        uploader.demand_all(stack)
        assert stack.http.get("/v1/profile").json() == account
        assert str(stack.http.post("/v1/depot/origins", json={"name": a_name("origin")}).status_code) == "201"


def test_a_backup_of_a_folder_that_no_stack_uses_equals_it(state: Path, tmp_path: Path) -> None:
    with running(state, "first") as stack:
        uploader = Uploader(stack.an_origin())
        for _ in range(3):
            uploader.upload(stack)
    backed = command("local.state.backup", state, tmp_path / "backups")
    assert backed.returncode == 0, backed.stderr
    assert "3 objects" in backed.stdout
