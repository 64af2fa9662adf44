"""The embedded AWS: moto in a process of its own, over real HTTP on this machine only (design.md section 1).

`python -m local.engine --port N`. Everything it holds lives as long as the process; should its worker die, the
engine ends instead of coming back empty.
"""

import argparse
import os
import resource
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.errors import HaltServer  # type: ignore[import-untyped]

from local.children import memory_folder
from local.parent import end_with_parent

HOST = "127.0.0.1"
THREADS = 32
LOST_STATE = 4
MOST_FILES = 65_536


class EngineServer(BaseApplication):  # type: ignore[misc]
    """gunicorn with one worker of many threads: moto keeps its state in memory, so there can be only one process."""

    def __init__(self, bind: str, *, for_parent: bool) -> None:
        """`for_parent`: end when the process that started this one does, however that comes about."""
        self._bind = bind
        self._for_parent = for_parent
        super().__init__()

    def load_config(self) -> None:
        """Settings, which gunicorn asks for in this place."""
        settings = {
            "bind": self._bind,
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 0,
            "graceful_timeout": 1,
            "keepalive": 75,
            "backlog": 512,
            "limit_request_line": 8190,
            "limit_request_field_size": 65_536,
            "worker_tmp_dir": memory_folder(),
            "control_socket_disable": True,
            "loglevel": "warning",
            "proc_name": "bldr-engine",
            "on_starting": lambda _server: end_with_parent() if self._for_parent else None,
            "post_fork": lambda _server, _worker: end_with_parent(),
            "child_exit": _end_instead_of_starting_empty,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., Iterable[bytes]]:
        """The WSGI application, loaded in the worker only."""
        from local.moto_engine import engine_app

        return engine_app()


def _end_instead_of_starting_empty(_server: Any, _worker: Any) -> None:
    raise HaltServer("The engine's worker died, and its tables and buckets with it.", LOST_STATE)


def _allow_many_files() -> None:
    """Every larger object is an open file without a name, which goes with the process however that ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, MOST_FILES), most))


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m local.engine", description=__doc__.splitlines()[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--port", type=int, default=4566, help="port on 127.0.0.1 (default %(default)s)")
    where.add_argument("--fd", type=int, help="file descriptor of a socket that listens already")
    asked = parser.parse_args()
    _allow_many_files()
    bind = f"{HOST}:{asked.port}" if asked.fd is None else f"fd://{asked.fd}"
    if asked.fd is None:
        os.environ.setdefault("MOTO_PORT", str(asked.port))
        print(f"The engine listens on http://{HOST}:{asked.port}", flush=True)
    EngineServer(bind, for_parent=asked.fd is not None or "MAKELEVEL" in os.environ).run()


if __name__ == "__main__":
    main()
