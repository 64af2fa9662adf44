"""The whole local stack as `make run` starts it, with signed downloads, for tests of what passes between processes."""

import os
import signal
import socket
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

REPOSITORY = Path(__file__).parents[2]
READY_SECONDS = 2 * PATIENCE


@dataclass(frozen=True)
class Stack:
    """A running stack; `http` sends to it as the user `bobo`."""

    url: str
    http: httpx.Client
    pid: int

    def api_memory(self) -> int:
        """The largest resident set that a worker of the API has had, in bytes."""
        return max(peak_memory(process) for process in family(self.pid) if "local.front" in command_of(process))

    @property
    def engine_url(self) -> str:
        """Where its embedded AWS listens."""
        api = next(process for process in family(self.pid) if "local.front" in command_of(process))
        variables = Path(f"/proc/{api}/environ").read_text().split("\0")
        return next(one.partition("=")[2] for one in variables if one.startswith("AWS_ENDPOINT_URL="))

    def an_origin(self) -> str:
        """A new origin of bobo's."""
        origin = a_name("origin")
        assert self.http.post("/v1/depot/origins", json={"name": origin}).status_code == 201
        return origin

    def upload(self, hart: Hart) -> httpx.Response:
        """The raw POST of an archive."""
        query = {"checksum": hart.checksum, "target": hart.target, "forced": "false"}
        return self.http.post(f"/v1{hart.url}", params=query, content=hart.content)


def family(process: int) -> list[int]:
    """A process, its children and theirs."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(member for child in children for member in family(int(child)))]


def command_of(process: int) -> str:
    """The command line of a process."""
    return Path(f"/proc/{process}/cmdline").read_text()


def peak_memory(process: int) -> int:
    """The largest resident set of a process, in bytes."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@contextmanager
def depot_stack(log: Path) -> Iterator[Stack]:
    """A stack on a free port, once it is ready; ended as Ctrl-C would."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLDR_", "MAKE"))}
    settings = {"BLDR_LISTEN": "127.0.0.1", "BLDR_PORT": str(port), "BLDR_DOWNLOAD_MODE": "redirect"}
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=REPOSITORY,
            env={**kept, **settings, "HAB_FUNC_TEST": "1", "BLDR_STAGE": "test"},
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
