"""Child processes of the supervisor: each in a process group of its own, listening on a socket that outlives it."""

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

BACKLOG = 512
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn makes a file of its own in it


class PortInUse(Exception):
    """The address cannot be had, most often because somebody else listens there."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket to hand to a child, so that clients wait instead of being refused while the child restarts.

    Raises PortInUse.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as problem:
        listener.close()
        raise PortInUse(f"{host}:{port}: {problem.strerror}") from problem
    return listener


def memory_folder() -> str:
    """A folder that is no disk, if there is one: gunicorn's workers touch a file there every second."""
    return str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else tempfile.gettempdir()


class Child:
    """A process that serves on a socket handed to it; starting it again is the same command on the same socket."""

    def __init__(self, name: str, command: Sequence[str], listener: socket.socket) -> None:
        """`command` holds `{fd}` where the number of the socket goes."""
        self.name = name
        self._command = command
        self._listener = listener
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the running process."""
        return None if self._process is None else self._process.pid

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it; its output goes where ours goes."""
        number = self._listener.fileno()
        self._process = subprocess.Popen(  # noqa: S603 - our own modules
            [part.format(fd=number) for part in self._command],
            env=environment,
            pass_fds=[number],
            process_group=0,  # Ctrl-C in the terminal reaches the supervisor only, which ends its children in order
        )

    def ended(self) -> int | None:
        """Its exit status once it has ended, else None."""
        return None if self._process is None else self._process.poll()

    def stop(self, patience: float) -> None:
        """Ask it to end, and make it end with everything it started when `patience` seconds have passed."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
