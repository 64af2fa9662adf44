"""gunicorn's settings for the API: processes, time limits and logs (platform.md 1.8)."""

import os
from typing import Any

from local.children import memory_folder
from local.parent import end_with_parent

worker_class = "local.event_loop_worker.EventLoopWorker"
workers = int(os.environ.get("BLDR_WORKERS") or "2")
preload_app = False

backlog = 512
keepalive = 65
timeout = 300  # an event loop that does not run for so long hangs
graceful_timeout = 2  # so that Ctrl-C ends the stack quickly

worker_tmp_dir = memory_folder()
control_socket_disable = True
accesslog = "-" if os.environ.get("BLDR_ACCESS_LOG") else None
errorlog = "-"
loglevel = "warning"
proc_name = "bldr-api"


def on_starting(_server: Any) -> None:
    """Called in the master process before it starts workers."""
    end_with_parent()


def post_fork(_server: Any, worker: Any) -> None:
    """Called in each new worker. A worker without a master must exit, because it would keep the port open."""
    end_with_parent(worker.ppid)
