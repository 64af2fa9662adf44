"""The gunicorn worker of the API: uvicorn's server in the processes that gunicorn starts, watches and replaces."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable

import uvicorn
from gunicorn.workers.base import Worker

from local.file_limit import raise_file_limit
from local.http_protocol import LimitedProtocol

MAX_CONNECTIONS = 2000
_NOTIFY_SECONDS = 1
_MAX_INCOMPLETE_HEAD_BYTES = 16 * 1024


class EventLoopWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """Serves an ASGI application."""

    def run(self) -> None:
        """Serve until SIGTERM."""
        raise_file_limit()
        log = logging.getLogger("uvicorn.error")
        log.handlers, log.propagate = self.log.error_log.handlers, False
        log.setLevel(logging.WARNING)
        config = uvicorn.Config(
            self.wsgi,
            http=LimitedProtocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=self.cfg.keepalive,
            timeout_graceful_shutdown=self.cfg.graceful_timeout,
            limit_concurrency=MAX_CONNECTIONS,
            h11_max_incomplete_event_size=_MAX_INCOMPLETE_HEAD_BYTES,
            backlog=1,
            callback_notify=self._notify,
            timeout_notify=_NOTIFY_SECONDS,
        )
        self._server = _Server(config, self.cfg.backlog, self.wsgi.end)
        asyncio.run(self._server.serve([listener.sock for listener in self.sockets]))

    async def _notify(self) -> None:
        """Tell gunicorn that the event loop is running, and end with gunicorn's master.

        A SIGTERM that arrives before uvicorn handles signals, as when the master is killed while its workers start,
        only sets `alive`.
        """
        self.notify()
        if not self.alive or os.getppid() != self.ppid:
            self._server.should_exit = True


class _Server(uvicorn.Server):
    """A server that accepts one connection at a time.

    The event loop accepts as many connections at once as its backlog, by which one worker would get most of them.
    The backlog of the kernel stays long.
    """

    def __init__(self, config: uvicorn.Config, kernel_backlog: int, end: Callable[[], None]) -> None:
        super().__init__(config)
        self._end = end
        self._kernel_backlog = kernel_backlog

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections."""
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(self._kernel_backlog)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the requests. Those that wait for a job or for lines of a log are answered at once."""
        self._end()
        await super().shutdown(sockets)
