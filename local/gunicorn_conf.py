"""gunicorn's settings for the HTTP front: threads, time limits, and closing connections (platform.md 1.8)."""

import os
from typing import Any

from gunicorn.workers import gthread  # type: ignore[import-untyped]

from local.children import memory_folder
from local.parent import end_with_parent

worker_class = "gthread"
workers = int(os.environ.get("BLDR_WORKERS", "2"))
threads = int(os.environ.get("BLDR_THREADS", "32"))  # a slow upload holds one
preload_app = False
# How long a thread waits for the first byte of a new connection before the connection is set aside. With the 5 s that
# gunicorn has for it, a few dozen connections that are opened ahead of need keep everybody else waiting.
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.05

backlog = 512
keepalive = 65
timeout = 320  # a slow upload may take 300 s
graceful_timeout = 2  # Ctrl-C is not kept waiting

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 16_380

# Nobody stands in front who could vouch for forwarded addresses or schemes.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}

worker_tmp_dir = memory_folder()
control_socket_disable = True
accesslog = "-" if os.environ.get("BLDR_ACCESS_LOG") else None
errorlog = "-"
loglevel = "warning"
proc_name = "bldr-api"


def on_starting(_server: Any) -> None:
    """Run in the master before anything else."""
    end_with_parent()


def post_fork(_server: Any, _worker: Any) -> None:
    """Run in each worker: without a master it must not go on holding the port."""
    end_with_parent()


def pre_request(_worker: Any, request: Any) -> None:
    """Put the request's `force_close` where a WSGI application can reach it (wsgi.close_afterwards)."""
    request.body.force_close = request.force_close
