"""ministack, a stand-in for AWS, in a virtual environment of its own: it pins another botocore than we do."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.builders.stack import REPOSITORY
from tests.builders.waiting import until

VERSION = "1.5.33"
ENVIRONMENT = REPOSITORY / ".run" / "ministack"


def installed() -> Path:
    """Return the program, which is installed if it is missing."""
    program = ENVIRONMENT / "bin" / "ministack"
    mark = ENVIRONMENT / f"installed-{VERSION}"
    if not mark.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"ministack=={VERSION}"], check=True)
        mark.touch()
    return program


@contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Run ministack with its log in a folder, and yield the environment of programs that use it."""
    port = free_port()
    environment = clean(os.environ) | {"GATEWAY_PORT": str(port), "MINISTACK_HOST": "127.0.0.1"}
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen([str(installed())], env=environment, cwd=folder, stdout=log, stderr=log)
        try:
            assert until(lambda: accepts(port)), (folder / "ministack.log").read_text()
            yield clean(os.environ) | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        finally:
            process.terminate()
            process.wait()


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without settings of AWS and of the service."""
    return {name: value for name, value in environment.items() if not name.startswith(("AWS_", "BLDR_", "HAB_"))}


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def accepts(port: int) -> bool:
    """Return whether a server listens on a port."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
