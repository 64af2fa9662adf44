"""gunicorn's settings for the API: threads, time limits and closing of connections (platform.md 1.8)."""

import os
from typing import Any

from gunicorn.workers import gthread  # type: ignore[import-untyped]

from local.children import memory_folder
from local.parent import end_with_parent

worker_class = "gthread"
workers = int(os.environ.get("BLDR_WORKERS", "2"))
threads = int(os.environ.get("BLDR_THREADS", "32"))  # a slow upload occupies one
preload_app = False
# How long a thread waits for the first byte on a new connection. With gunicorn's default of 5 s, a few dozen idle
# connections block all threads and delay other clients.
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.05

backlog = 512
keepalive = 65
timeout = 320  # a slow upload can take 300 s
graceful_timeout = 2  # so that Ctrl-C ends the stack quickly

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 16_380

# There is no trusted proxy in front, so forwarded addresses and schemes are ignored.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}

worker_tmp_dir = memory_folder()
control_socket_disable = True
accesslog = "-" if os.environ.get("BLDR_ACCESS_LOG") else None
errorlog = "-"
loglevel = "warning"
proc_name = "bldr-api"


def on_starting(_server: Any) -> None:
    """Called in the master process before it starts workers."""
    end_with_parent()


def post_fork(_server: Any, _worker: Any) -> None:
    """Called in each new worker. A worker without a master must exit, because it would keep the port open."""
    end_with_parent()


def pre_request(_worker: Any, request: Any) -> None:
    """Called before each request. Makes `force_close` available to the application (wsgi.close_afterwards)."""
    request.body.force_close = request.force_close
