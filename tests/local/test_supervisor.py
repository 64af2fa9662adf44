"""`make run`'s process: what it starts it keeps up, and takes down again however it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import supervisor
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import Wire
from tests.servers import PROBE, REPOSITORY


def test_it_says_how_to_use_it_keeps_the_api_up_and_leaves_nothing_behind(tmp_path):
    with started(tmp_path) as stack:
        said = stack.output()
        assert f"http://localhost:{stack.port}" in said
        assert "lives as long as this runs" in said
        assert said.count("curl ") >= 2
        assert stack.get("/v1/status") == 200

        engine, api = sorted(stack.children())
        os.kill(api, signal.SIGKILL)
        assert until(lambda: len(stack.children()) == 2 and api not in stack.children())
        assert engine in stack.children()
        assert stack.get("/v1/status") == 200
        assert "the API ended (SIGKILL); starting it again" in stack.output()

        family = stack.family()
        assert len(family) >= 5, "engine and API, each with a worker at least, and itself"
        stack.send(signal.SIGTERM)
        assert stack.process.wait(PATIENCE) == 0
        assert stack.all_gone(family)


def test_a_killed_supervisor_takes_everything_with_it(tmp_path):
    with started(tmp_path) as stack:
        family = stack.family()
        stack.send(signal.SIGKILL)
        stack.process.wait(PATIENCE)

        assert stack.all_gone(family)


def test_without_its_engine_it_ends_instead_of_serving_an_empty_depot(tmp_path):
    with started(tmp_path) as stack:
        family = stack.family()
        engine = min(stack.children())
        os.kill(int(children(engine)[0]), signal.SIGKILL)

        assert stack.process.wait(PATIENCE) == supervisor.ENGINE_DIED
        assert stack.all_gone(family)


def test_a_port_in_use_is_said_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(tmp_path, BLDR_LISTEN="127.0.0.1", BLDR_PORT=str(taken.getsockname()[1]))

    assert done.returncode == supervisor.PORT_IN_USE
    assert len(done.stdout.splitlines()) == 1
    assert "Address already in use" in done.stdout


def test_a_bad_setting_is_said_in_one_line_with_its_name(tmp_path):
    for name, value in ("BLDR_PORT", "http"), ("BLDR_TARGETS", "vax-vms"):
        done = run(tmp_path, **{"BLDR_PORT": "0", name: value})

        assert done.returncode == supervisor.BAD_SETTING
        assert len(done.stdout.splitlines()) == 1
        assert f"{name}={value!r}" in done.stdout


def test_an_engine_that_cannot_be_reached_is_said_in_one_line(tmp_path):
    done = run(tmp_path, BLDR_PORT="0", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")

    assert done.returncode == supervisor.NOT_READY
    assert "http://127.0.0.1:9" in done.stdout.splitlines()[-1]


class Stack:
    """A running supervisor."""

    def __init__(self, process: subprocess.Popen[str], port: int, log: Path) -> None:
        self.process, self.port, self._log = process, port, log

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def output(self) -> str:
        return self._log.read_text()

    def get(self, path: str) -> int:
        with Wire(self.port) as wire:
            return wire.get(path).status

    def children(self) -> set[int]:
        return {int(child) for child in children(self.process.pid)}

    def family(self) -> set[int]:
        """It, its children and theirs."""
        found, open_ends = {self.process.pid}, [self.process.pid]
        while open_ends:
            more = [int(child) for child in children(open_ends.pop())]
            found.update(more)
            open_ends.extend(more)
        return found

    def all_gone(self, family: set[int]) -> bool:
        return until(lambda: not any(alive(member) for member in family))


def children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def alive(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


@contextmanager
def started(folder: Path) -> Iterator[Stack]:
    """A supervisor around the probe app, on a free port, once it has said that it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            COMMAND, cwd=PROBE, env=environment(BLDR_PORT=str(port)), stdout=file, stderr=file, text=True
        )
    stack = Stack(process, port, log)
    try:
        assert until(lambda: "HAB_AUTH_TOKEN=" in stack.output() or process.poll() is not None, 2 * PATIENCE)
        assert process.poll() is None, stack.output()
        yield stack
    finally:
        process.kill()
        process.wait()


def run(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """A supervisor that is expected to end by itself."""
    return subprocess.run(
        COMMAND, cwd=PROBE, env=environment(**settings), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


COMMAND = [sys.executable, "-m", "local"]


def environment(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLDR_", "HAB_", "MAKE"))}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "BLDR_LISTEN": "127.0.0.1", **settings}
