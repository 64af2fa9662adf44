"""Running upload gateways."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.builders.stack import REPOSITORY
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import Wire, free_port, is_listening


@dataclass(frozen=True)
class Gateway:
    """A running gateway. `http` sends requests as `bobo`."""

    port: int
    pid: int
    http: httpx.Client
    log_file: Path

    @property
    def log(self) -> str:
        """What the gateway has logged."""
        return self.log_file.read_text()

    def wire(self) -> Wire:
        """Return a raw connection."""
        return Wire(self.port)


@contextmanager
def a_gateway(api: str, **settings: str) -> Iterator[Gateway]:
    """Run a gateway on a free port inside the block."""
    port = free_port()
    variables = {
        "BLDR_GATEWAY_API": api,
        "BLDR_GATEWAY_LISTEN": "127.0.0.1",
        "BLDR_GATEWAY_PORT": str(port),
        **settings,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway"], cwd=REPOSITORY, env={**os.environ, **variables}, stdout=log, stderr=log
        )
        try:
            assert until(lambda: is_listening(port)), Path(log.name).read_text()
            headers = {"Authorization": "Bearer bobo"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE) as client:
                yield Gateway(port, process.pid, client, Path(log.name))
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
