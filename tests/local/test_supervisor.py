"""The process behind `make run`: it restarts the API, and all its processes end with it, even if it is killed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import supervisor
from tests.builders.stack import REPOSITORY, Stack, process_tree
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import Wire, free_port
from tests.servers import PROBE

COMMAND = [sys.executable, "-m", "local"]


def test_a_killed_api_is_restarted_and_sigterm_ends_all_processes(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        assert stack.get("/v1/status") == 200

        engine, api = stack.children()
        os.kill(api, signal.SIGKILL)
        assert until(lambda: len(stack.children()) == 2 and api not in stack.children())
        assert engine in stack.children()
        assert stack.get("/v1/status") == 200
        assert "the API ended (SIGKILL); restarting it" in stack.output()

        processes = process_tree(stack.process.pid)
        assert len(processes) >= 5, "the supervisor, the engine and the API, each with at least one worker"
        stack.process.send_signal(signal.SIGTERM)
        assert stack.process.wait(PATIENCE) == 0
        assert all_end(processes)


def test_the_output_says_how_to_use_the_api(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        output = stack.output()

    assert f"http://localhost:{stack.port}" in output
    assert "is lost when this process ends" in output
    assert output.count("curl ") >= 2


def test_the_api_is_patient_with_an_engine_that_shares_its_machine(stack: Stack) -> None:
    assert stack.variable("BLDR_AWS_SECONDS") == str(supervisor.AWS_SECONDS)


def test_all_processes_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        processes = process_tree(stack.process.pid)
        stack.process.kill()
        stack.process.wait(PATIENCE)

        assert all_end(processes)


def test_the_stack_ends_when_the_engine_dies_because_its_state_is_lost(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        processes = process_tree(stack.process.pid)
        engine, _ = stack.children()
        engine_worker = process_tree(engine)[1]
        os.kill(engine_worker, signal.SIGKILL)

        assert stack.process.wait(PATIENCE) == supervisor.ENGINE_DIED
        assert all_end(processes)


def test_a_port_in_use_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = run(BLDR_LISTEN="127.0.0.1", BLDR_PORT=str(server.getsockname()[1]))

    assert done.returncode == supervisor.PORT_IN_USE
    assert len(done.stdout.splitlines()) == 1
    assert "Address already in use" in done.stdout


def test_an_invalid_setting_is_reported_in_one_line_with_its_name() -> None:
    for name, value in ("BLDR_PORT", "http"), ("BLDR_TARGETS", "vax-vms"):
        done = run(**{"BLDR_PORT": "0", name: value})

        assert done.returncode == supervisor.INVALID_SETTING
        assert len(done.stdout.splitlines()) == 1
        assert f"{name}={value!r}" in done.stdout


def test_an_unreachable_engine_is_reported_with_its_url() -> None:
    done = run(BLDR_PORT="0", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")

    assert done.returncode == supervisor.NOT_READY
    assert "http://127.0.0.1:9" in done.stdout.splitlines()[-1]


class RunningStack:
    """A running supervisor with its engine and its API."""

    def __init__(self, process: subprocess.Popen[str], port: int, log: Path) -> None:
        self.process, self.port, self._log = process, port, log

    def output(self) -> str:
        """Return what it has printed."""
        return self._log.read_text()

    def get(self, path: str) -> int:
        """Send a GET to the API and return the status."""
        with Wire(self.port) as wire:
            return wire.get(path).status

    def children(self) -> list[int]:
        """Return the engine, which was started first, and the API."""
        pid = self.process.pid
        return sorted(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def all_end(processes: list[int]) -> bool:
    """Wait until no process is running. Returns False if one still is."""
    return until(lambda: not any(_is_running(process) for process in processes))


def _is_running(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


@contextmanager
def running_stack(folder: Path) -> Iterator[RunningStack]:
    """Run a supervisor with the probe app on a free port inside the block."""
    port = free_port()
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            COMMAND, cwd=PROBE, env=environment(BLDR_PORT=str(port)), stdout=file, stderr=file, text=True
        )
    stack = RunningStack(process, port, log)
    try:
        assert until(lambda: "HAB_AUTH_TOKEN=" in stack.output() or process.poll() is not None, 2 * PATIENCE)
        assert process.poll() is None, stack.output()
        yield stack
    finally:
        process.kill()
        process.wait()


def run(**settings: str) -> subprocess.CompletedProcess[str]:
    """Run a supervisor that ends by itself, with the probe app."""
    return subprocess.run(
        COMMAND, cwd=PROBE, env=environment(**settings), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def environment(**settings: str) -> dict[str, str]:
    """Return our environment without AWS, Builder and make variables, and with the given settings."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLDR_", "HAB_", "MAKE"))
    }
    return {**inherited, "PYTHONPATH": str(REPOSITORY), "BLDR_LISTEN": "127.0.0.1", **settings}
