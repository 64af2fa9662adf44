"""The embedded AWS: moto as a separate process that serves HTTP on this machine only.

`python -m local.engine --port N`. Its state lives in memory. If its worker dies, the engine exits instead of starting
again without state.
"""

import argparse
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.errors import HaltServer

from local.children import CannotListen, listen, memory_folder
from local.file_limit import raise_file_limit
from local.moto_engine import engine_app
from local.parent import end_with_parent
from local.settings import ENGINE_PORT, SettingInvalid, engine_port, transaction_seconds

HOST = "127.0.0.1"
THREADS = 256
"""A client occupies one while it sends a request and reads the answer. The API uses up to 64."""

SILENCE_SECONDS = 30.0
"""How long a client may send or read nothing in the middle of a request. Presigned URLs bring clients of any kind."""

LOST_STATE = 4
STOP_SECONDS = 10
"""Before gunicorn kills a worker that does not stop, with an error message. gunicorn itself keeps idle connections open
for 2 s, and a loaded machine needs time to end a process."""


class EngineServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with one worker of many threads. moto keeps its state in memory, so there can only be one process."""

    def __init__(self, bind: str, *, for_parent: bool) -> None:
        """`for_parent`: exit when the parent process ends, for whatever reason."""
        self._bind = bind
        self._for_parent = for_parent
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's settings; gunicorn calls this when it starts."""
        settings = {
            "bind": self._bind,
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 0,
            "graceful_timeout": STOP_SECONDS,
            "keepalive": 75,
            "backlog": 512,
            "limit_request_line": 8190,
            "limit_request_field_size": 65_536,
            "worker_tmp_dir": memory_folder(),
            "control_socket_disable": True,
            "loglevel": "warning",
            "proc_name": "bldr-engine",
            "on_starting": lambda _server: end_with_parent() if self._for_parent else None,
            "post_fork": _prepare_worker,
            "child_exit": _exit_without_state,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Iterable[bytes]]:
        """Return the WSGI application; gunicorn calls this in the worker."""
        return engine_app()


def _prepare_worker(_server: Any, worker: Any) -> None:
    end_with_parent(worker.ppid)
    seconds, fraction = divmod(SILENCE_SECONDS, 1)
    timeout = struct.pack("@ll", int(seconds), int(fraction * 1_000_000))
    for listener in worker.sockets:  # connections inherit the options; gunicorn itself sets no timeout
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)


def _exit_without_state(server: Any, _worker: Any) -> None:
    """Stop the server when its worker died. During a normal stop, gunicorn has already closed the listeners."""
    if server.LISTENERS:
        raise HaltServer("The engine's worker died, and its tables and buckets are lost.", LOST_STATE)


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m local.engine", description=(__doc__ or "").splitlines()[0])
    address = parser.add_mutually_exclusive_group()
    address.add_argument("--port", help=f"port on {HOST} (default: $ENGINE_PORT, else 4566)")
    address.add_argument("--fd", type=int, help="file descriptor of a listening socket")
    options = parser.parse_args()
    raise_file_limit()
    if options.fd is not None:
        EngineServer(f"fd://{options.fd}", for_parent=True).run()
        return
    try:
        port = engine_port({ENGINE_PORT: options.port} if options.port else os.environ)
        transaction_seconds(os.environ)
        listener = listen(HOST, port)
    except SettingInvalid as problem:
        sys.exit(f"bldr: {problem}")
    except CannotListen as problem:
        sys.exit(f"bldr: {str(problem).partition(';')[0]}; set ENGINE_PORT to another port")
    os.environ.setdefault("MOTO_PORT", str(port))
    print(f"The engine listens on http://{HOST}:{port}", flush=True)
    EngineServer(f"fd://{listener.fileno()}", for_parent="MAKELEVEL" in os.environ).run()


if __name__ == "__main__":
    main()
