"""The local stack as `make run` starts it, but with signed downloads, for tests across its processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.builders.hart import Hart
from tests.builders.names import a_name
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import free_port

REPOSITORY = Path(__file__).parents[2]
READY_SECONDS = 5 * PATIENCE


@dataclass(frozen=True)
class Stack:
    """A running stack. `http` sends requests as the user `bobo`."""

    url: str
    http: httpx.Client
    pid: int

    def api_memory(self) -> int:
        """Return the largest peak memory of the API's workers, in bytes."""
        return max(peak_memory(process) for process in self.api_processes())

    def api_processes(self) -> list[int]:
        """Return the processes of the API: gunicorn's master and its workers."""
        return _api_processes(self.pid)

    @property
    def engine_url(self) -> str:
        """URL of its embedded AWS."""
        return self.variable("AWS_ENDPOINT_URL")

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the API."""
        variables = Path(f"/proc/{_api_processes(self.pid)[0]}/environ").read_text().split("\0")
        return {name: value for name, is_set, value in (line.partition("=") for line in variables) if is_set}

    def variable(self, name: str) -> str:
        """Return an environment variable of the API."""
        return self.environment[name]

    def an_origin(self) -> str:
        """Create an origin owned by bobo and return its name."""
        origin = a_name("origin")
        assert self.http.post("/v1/depot/origins", json={"name": origin}).status_code == 201
        return origin

    def upload(self, hart: Hart) -> httpx.Response:
        """Upload an archive with the raw POST."""
        query = {"checksum": hart.checksum, "target": hart.target, "forced": "false"}
        return self.http.post(f"/v1{hart.url}", params=query, content=hart.content)


def process_tree(process: int) -> list[int]:
    """Return a process and its descendants."""
    threads = Path(f"/proc/{process}/task").iterdir()  # a child belongs to the thread that started it
    children = [child for thread in threads for child in (thread / "children").read_text().split()]
    return [process, *(descendant for child in children for descendant in process_tree(int(child)))]


def peak_memory(process: int) -> int:
    """Return the peak resident set size of a process, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@contextmanager
def depot_stack(log: Path, **more: str) -> Iterator[Stack]:
    """Run a stack on a free port inside the block, and end it as Ctrl-C does.

    `log` receives its output. `more` are further settings.
    """
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLDR_", "MAKE"))}
    settings = {"BLDR_LISTEN": "127.0.0.1", "BLDR_PORT": str(port), "BLDR_DOWNLOAD_MODE": "redirect", **more}
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=REPOSITORY,
            env={**inherited, **settings, "HAB_FUNC_TEST": "1", "BLDR_FUNC_TEST_WORKERS": "true", "BLDR_STAGE": "test"},
            stdout=file,
            stderr=file,
        )
    try:
        assert until(lambda: "HAB_AUTH_TOKEN=" in log.read_text() or process.poll() is not None, READY_SECONDS)
        assert process.poll() is None, log.read_text()
        url = f"http://localhost:{port}"
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer bobo"}, timeout=PATIENCE) as client:
            yield Stack(url, client, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def _api_processes(process: int) -> list[int]:
    return [member for member in process_tree(process) if "local.api" in _command_line(member)]


def _command_line(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text()
