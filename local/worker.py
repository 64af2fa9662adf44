"""The worker of the local stack, which builds plans without a studio.

`python -m local.worker ARGUMENTS` is `bldr worker ARGUMENTS` in a process that ends with its parent.
"""

import os
import runpy
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from bldr.worker.errors import WorkerUnusable
from bldr.worker.sandbox import Isolation, best_isolation
from bldr.worker.work_folder import JOBS
from local.children import Child, exit_reason
from local.parent import end_with_parent
from local.restarts import Restarts

TARGET = "x86_64-linux"
COMMAND = [
    *(sys.executable, "-m", "local.worker"),
    *("--target", TARGET, "--strategy", "plain", "--allow-file", "--name", "local", "--grace", "0"),
]
ALLOW_UNISOLATED = "--allow-unisolated"
NOT_ISOLATED = (
    "this machine does not allow namespaces (unshare), so the code of plans would run with all rights of this user; "
    "start it with `BLDR_WORKER=unisolated make run` if you trust all plans, or with `BLDR_WORKER=off make run`, which "
    "builds nothing"
)
GRACE_SECONDS, IDLE_GRACE_SECONDS = 1.5, 0.2
"""In which the worker can hand its job back, and in which one without a job can end while it asks for one."""

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "USER", "SSL_CERT_FILE")
"""Builds run code of plans, so the worker gets neither AWS credentials nor settings of the service."""


class LocalWorker:
    """The process of the worker. It is restarted after pauses that grow, because the depot also works without it.

    Its work folder belongs to this stack, because several stacks may run on one machine.
    """

    def __init__(self, environment: Mapping[str, str], command: Sequence[str] = COMMAND) -> None:
        self._environment = environment
        self._folder = tempfile.TemporaryDirectory(prefix="bldr-worker-", ignore_cleanup_errors=True)
        self._child = Child("worker", [*command, "--work-folder", self._folder.name], None, prefix=True)
        self._restarts = Restarts()
        self._starts_at: float | None = None
        self._child.start(environment)

    def watch(self) -> str | None:
        """Restart the process if it ended and its pause is over. Returns a message when it has just ended."""
        status = self._child.exit_status()
        if status is None:
            return None
        if self._starts_at is None:
            pause = self._restarts.pause(status)
            self._starts_at = time.monotonic() + pause
            return f"the worker ended ({exit_reason(status)}); restarting it in {pause:.0f} s"
        if time.monotonic() >= self._starts_at:
            self._starts_at = None
            self._child.start(self._environment)
        return None

    def stop(self) -> None:
        """Stop the process, and delete its work folder."""
        self._child.stop(GRACE_SECONDS if self._has_job() else IDLE_GRACE_SECONDS)
        self._folder.cleanup()

    def _has_job(self) -> bool:
        """Return whether the worker has a job, which has a folder until its end."""
        jobs = Path(self._folder.name, JOBS)
        return jobs.is_dir() and any(jobs.iterdir())


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Return whether the stack has a worker. In functional-test mode no worker may run jobs (builds.md 1.6)."""
    return environment.get("BLDR_WORKER") != "off" and "HAB_FUNC_TEST" not in environment


def command_of(environment: Mapping[str, str]) -> list[str]:
    """Return the command of the worker. `BLDR_WORKER=unisolated` trusts all plans, on a machine without namespaces."""
    return [*COMMAND, ALLOW_UNISOLATED] if environment.get("BLDR_WORKER") == "unisolated" else COMMAND


def environment_of(url: str, token: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the worker. The token is never on its command line."""
    inherited = {name: environment[name] for name in _INHERITED if name in environment}
    cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    inherited["XDG_CACHE_HOME"] = str(cache / "bldr" / f"local-{urlsplit(url).port}")
    return {**inherited, "HAB_BLDR_URL": url, "BLDR_WORKER_TOKEN": token, "PYTHONUNBUFFERED": "1"}


def require_isolation(arguments: Sequence[str]) -> None:
    """End this process if the machine cannot isolate builds, unless the arguments allow that.

    `bldr worker` checks it too, but cannot know how to answer it in `make run`.
    """
    if ALLOW_UNISOLATED in arguments:
        return
    with suppress(WorkerUnusable):  # which `bldr worker` reports
        if best_isolation() is Isolation.NONE:
            sys.exit(NOT_ISOLATED)


def _kill_after_end_of(parent: int) -> None:
    """Kill this process, and with it the build, soon after its parent has ended.

    The worker cannot return its job: the API ends with the same parent.
    """
    while os.getppid() == parent:
        time.sleep(1)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_kill_after_end_of, args=(os.getppid(),), daemon=True).start()
    end_with_parent()
    require_isolation(sys.argv)
    sys.argv[:] = ["bldr", "worker", *sys.argv[1:]]
    runpy.run_module("bldr", run_name="__main__")
