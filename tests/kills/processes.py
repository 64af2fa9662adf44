"""The processes of a local stack whose state outlives them all: the engine runs apart from the supervisor."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from local.schedules import scheduled_event
from tests.builders.stack import REPOSITORY, process_tree
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import free_port
from tests.kills.worker_program import KINDS
from tests.servers import Server, running

LEASE_SECONDS = 3
SCHEDULES = {"watch_jobs": 1.0, "watch_groups": 3.0, "repair_groups": 3.0}
"""Seconds between two runs of the functions that watch builds. The real rates are minutes."""

READY = re.compile(r"HAB_AUTH_TOKEN=(\S+)")
MARKS = {"API": "local.api", "functions": "local.functions"}
SETTINGS = {
    "BLDR_LISTEN": "127.0.0.1",
    "BLDR_LEASE_SECONDS": str(LEASE_SECONDS),
    "BLDR_WORKER": "off",
    "BLDR_SCHEDULES": "off",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class KilledStack:
    """An engine, a supervisor with API and functions, and workers. What is killed starts again."""

    def __init__(self, engine: Server, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.engine, self.folder = engine, folder
        self._settings = {**SETTINGS, **(settings or {})}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = ""
        self._log = folder / "supervisor.log"
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._start_worker: Callable[[str], subprocess.Popen[bytes]] | None = None
        self._ending = threading.Event()
        self._changing = threading.RLock()

    def start(self) -> None:
        """Start the supervisor, and wait until the API answers."""
        began = self._log.stat().st_size if self._log.exists() else 0
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLDR_", "HAB_"))
        }
        environment = {**inherited, **self._settings, "AWS_ENDPOINT_URL": self.engine.url, "BLDR_PORT": str(self.port)}
        with self._log.open("ab") as log:
            self._supervisor = process = subprocess.Popen(
                [sys.executable, "-m", "local"], cwd=REPOSITORY, env=environment, stdout=log, stderr=log
            )
        assert until(lambda: READY.search(self._printed(began)) is not None or process.poll() is not None, 2 * PATIENCE)
        found = READY.search(self._printed(began))
        assert found is not None, self._printed(began)
        self.token = found[1]

    def _printed(self, began: int) -> str:
        return self._log.read_bytes()[began:].decode(errors="replace")

    def start_workers(self, token: str, journal: Path, build_deps: Path) -> None:
        """Start a worker of each kind, and from now on restart those that end."""

        def start(kind: str) -> subprocess.Popen[bytes]:
            folder = self.folder / f"worker-{kind}"
            folder.mkdir(exist_ok=True)
            command = [sys.executable, "-m", "tests.kills.worker_program", "--kind", kind, "--folder", str(folder)]
            environment = {"HAB_BLDR_URL": self.url, "BLDR_WORKER_TOKEN": token, "PATH": os.environ["PATH"]}
            with (self.folder / f"{kind}.log").open("ab") as log:
                return subprocess.Popen(
                    [*command, "--journal", str(journal), "--build-deps", str(build_deps)],
                    cwd=REPOSITORY,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

        self._start_worker = start
        self._workers = {kind: start(kind) for kind in KINDS}
        threading.Thread(target=self._restart_workers, daemon=True).start()
        self.start_schedules(SCHEDULES)

    def start_schedules(self, schedules: Mapping[str, float]) -> None:
        """Run functions again and again, with so many seconds between two runs."""
        for name, seconds in schedules.items():
            threading.Thread(target=self._repeat, args=(name, seconds), daemon=True).start()

    def _restart_workers(self) -> None:
        while not self._ending.wait(0.05):
            with self._changing:
                for kind, process in self._workers.items():
                    if process.poll() is not None and self._start_worker is not None and not self._ending.is_set():
                        self._workers[kind] = self._start_worker(kind)

    def _repeat(self, name: str, seconds: float) -> None:
        while not self._ending.wait(seconds):
            with suppress(httpx.HTTPError):
                self.invoke(name)

    def invoke(self, name: str) -> None:
        """Run a function on a schedule. Raises httpx.HTTPError if it cannot be reached."""
        path = f"/2015-03-31/functions/{name}/invocations"
        headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request"}
        answer = httpx.post(self.engine.url + path, json=scheduled_event(name), headers=headers, timeout=PATIENCE)
        if answer.headers.get("x-amz-function-error"):
            with (self.folder / "functions-failed.log").open("a") as log:
                log.write(f"{name}: {answer.text}\n")

    def forget_executions(self) -> None:
        """Let the engine forget all executions of state machines."""
        httpx.post(self.engine.url + "/moto-api/forget-executions", timeout=PATIENCE).raise_for_status()

    def kill_workers(self, kinds: tuple[str, ...], number: int = signal.SIGKILL) -> None:
        """Send a signal to workers. A killed worker leaves the programs of its build behind."""
        with self._changing:
            for kind in kinds:
                with suppress(ProcessLookupError):
                    self._workers[kind].send_signal(number)

    def kill_server(self, name: str, *, master: bool) -> None:
        """Kill the worker processes of the API or of the functions, with or without the process that starts them."""
        assert self._supervisor is not None
        for process in _children(self._supervisor.pid):
            if MARKS[name] in _command_line(process):
                _kill([*([process] if master else []), *_children(process)])

    def kill_one(self, name: str, choice: random.Random) -> None:
        """Kill one of the worker processes of the API or of the functions."""
        _kill(self._one(name, choice))

    @contextmanager
    def paused(self, name: str, choice: random.Random) -> Iterator[None]:
        """Let one of the worker processes stand still inside the block."""
        processes = self._one(name, choice)
        _signal(processes, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(processes, signal.SIGCONT)

    def _one(self, name: str, choice: random.Random) -> list[int]:
        """Return one of the worker processes, or none while they start."""
        assert self._supervisor is not None
        masters = [child for child in _children(self._supervisor.pid) if MARKS[name] in _command_line(child)]
        workers = [worker for master in masters for worker in _children(master)]
        return [choice.choice(workers)] if workers else []

    def kill_supervisor(self) -> None:
        """Kill the supervisor, with which API and functions end, and start it again."""
        assert self._supervisor is not None
        tree = process_tree(self._supervisor.pid)
        self._supervisor.kill()
        self._supervisor.wait()
        assert until(lambda: not any(_is_running(process) for process in tree))
        self.start()

    def stop(self) -> None:
        """End all processes but the engine."""
        self._ending.set()
        with self._changing:
            for process in self._workers.values():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._supervisor is not None:
            self._supervisor.terminate()
            self._supervisor.wait(PATIENCE)


@contextmanager
def killed_stack(
    folder: Path, settings: Mapping[str, str] | None = None, engine_settings: Mapping[str, str] | None = None
) -> Iterator[KilledStack]:
    """Run a stack inside the block, with further settings of its servers and of its engine."""
    command = [sys.executable, "-m", "local.engine", "--fd", "{fd}"]
    with running("engine", command, engine_settings or {}) as engine:
        stack = KilledStack(engine, folder, settings)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


def client_of(stack: KilledStack) -> httpx.Client:
    """Return a client of the API with the first user's token."""
    headers = {"Authorization": f"Bearer {stack.token}", "User-Agent": "hab/1.6.1245/20241118184854"}
    return httpx.Client(base_url=f"{stack.url}/v1", headers=headers, timeout=PATIENCE)


def repeated(send: Callable[[], httpx.Response], accepted: Mapping[int, Any] | tuple[int, ...]) -> httpx.Response:
    """Send a request until the answer has an accepted status, as a client does whose Builder restarts."""
    deadline = time.monotonic() + PATIENCE
    while True:
        last: object = None
        with suppress(httpx.HTTPError):
            last = answer = send()
            if answer.status_code in accepted:
                return answer
        assert time.monotonic() < deadline, last
        time.sleep(0.1)


def _children(process: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def _command_line(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""


def _kill(processes: list[int]) -> None:
    _signal(processes, signal.SIGKILL)


def _signal(processes: list[int], number: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def _is_running(process: int) -> bool:
    with suppress(OSError):
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    return False
