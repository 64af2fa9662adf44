"""gunicorn's settings for the process of the functions: one worker, so that each schedule runs once."""

from typing import Any

from local.children import memory_folder
from local.parent import end_with_parent

worker_class = "gthread"
workers = 1
threads = 32
backlog = 512
timeout = 0  # a function may run for 15 minutes
graceful_timeout = 2

worker_tmp_dir = memory_folder()
control_socket_disable = True
errorlog = "-"
loglevel = "warning"
proc_name = "bldr-functions"


def on_starting(_server: Any) -> None:
    """Called in the master process before it starts workers."""
    end_with_parent()


def post_fork(_server: Any, worker: Any) -> None:
    """Called in each new worker."""
    end_with_parent(worker.ppid)
