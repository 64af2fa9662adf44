"""Child processes of the supervisor. Each has its own process group, and servers a socket that survives restarts."""

import errno
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from local.parent import PARENT

BACKLOG = 512
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn creates a temporary file in it


class CannotListen(Exception):
    """The address cannot be bound. The message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket for a child, so that clients wait while the child restarts. Raises CannotListen.

    The socket of `::` accepts IPv4 as well.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if host == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as problem:
        listener.close()
        raise CannotListen(f"cannot listen on {host}:{port}: {problem.strerror}; {_advice(problem)}") from problem
    return listener


def _advice(problem: OSError) -> str:
    if problem.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return "set BLDR_LISTEN to an address of this machine, for example 127.0.0.1"
    if problem.errno == errno.EACCES:
        return "set BLDR_PORT to a port above 1023, or to 0 for any free port"
    return "set BLDR_PORT to another port, or to 0 for any free port"


def memory_folder() -> str:
    """Return a RAM-backed folder, if available: gunicorn's workers touch a file in it every second."""
    return str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else tempfile.gettempdir()


def exit_reason(status: int) -> str:
    """Return how a process ended, from its exit status: the name of a signal, or the status."""
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"


class Child:
    """A process. A restart runs the same command on the same socket."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        listener: socket.socket | None,
        *,
        prefix: bool = False,
        inherits: Sequence[int] = (),
    ) -> None:
        """`{fd}` in the command is replaced by the file descriptor of the socket.

        `prefix`: begin each line of the output with the name of the child. `inherits`: further file descriptors.
        """
        self.name = name
        self._command = command
        self._listener = listener
        self._prefix = prefix
        self._inherits = inherits
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Id of the process, or None if it was not started."""
        return None if self._process is None else self._process.pid

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the process. It inherits our standard output and standard error."""
        descriptors = [] if self._listener is None else [self._listener.fileno()]
        self._process = subprocess.Popen(  # noqa: S603 - our own modules
            [part.format(fd=descriptors[0]) if descriptors else part for part in self._command],
            env={**environment, PARENT: str(os.getpid())},
            pass_fds=[*descriptors, *self._inherits],
            process_group=0,  # Ctrl-C reaches only the supervisor, which ends its children in order
            stdin=subprocess.DEVNULL if self._prefix else None,
            stdout=subprocess.PIPE if self._prefix else None,
            stderr=subprocess.STDOUT if self._prefix else None,
        )
        if self._process.stdout is not None:
            threading.Thread(target=_print_lines, args=(self.name, self._process.stdout), daemon=True).start()

    def exit_status(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        return None if self._process is None else self._process.poll()

    def stop(self, grace_seconds: float) -> None:
        """Send SIGTERM, and after the grace period SIGKILL to the process group."""
        stop_all([self], grace_seconds)

    def terminate(self) -> None:
        """Send SIGTERM."""
        if self._process is not None:
            self._process.terminate()

    def kill_after(self, seconds: float) -> None:
        """Wait for the end of the process, at most for a time, and then send SIGKILL to the process group."""
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


def stop_all(children: Sequence[Child], grace_seconds: float) -> None:
    """Stop several processes at the same time. Together they have one grace period."""
    deadline = time.monotonic() + grace_seconds
    for child in children:
        child.terminate()
    for child in children:
        child.kill_after(max(0.0, deadline - time.monotonic()))


def _print_lines(name: str, output: IO[bytes]) -> None:
    with output:
        for line in output:
            print(f"{name}: {line.decode(errors='replace').rstrip()}", flush=True)
