"""Jobs, repositories and workers for tests."""

import itertools
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bldr.address import Address
from bldr.config import Credentials
from bldr.worker.checkout import CheckoutRules
from bldr.worker.job_run import JobSettings
from bldr.worker.retrying import StepRetries
from bldr.worker.strategy import Strategy
from bldr.worker.work_client import WorkClient
from bldr.worker.worker import Pauses, Worker
from chalicelib.core.target import Target
from tests.bldr.worker.fake_builder import JOB_TOKEN, READ_TOKEN, WORKER_TOKEN, FakeBuilder

FAST = Pauses(first=0.01, longest=0.05, idle=0.01, between=0.01, wait=0)
_job_ids = itertools.count(1762319870923423744)

PLAN = """\
pkg_name=widget
pkg_origin=other
pkg_version=1.2.3
pkg_maintainer="The Workshop <workshop@example.com>"
pkg_license=("Apache-2.0")
pkg_bin_dirs=(bin)
do_build() { build_line "compiling"; }
do_install() {
  mkdir -p "$pkg_prefix/bin"
  printf '#!/bin/sh\\necho widget\\n' >"$pkg_prefix/bin/widget"
  chmod 755 "$pkg_prefix/bin/widget"
}
"""


def a_repository(folder: Path, files: Mapping[str, str]) -> str:
    """Create a Git repository with one commit, and return its URL."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _git(folder, "init", "--quiet")
    _commit_all(folder)
    return folder.as_uri()


def commit(url: str, name: str, content: bytes) -> None:
    """Add a file to a repository on this machine."""
    folder = Path(urlsplit(url).path)
    (folder / name).write_bytes(content)
    _commit_all(folder)


def _commit_all(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "plan")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def a_bundle(url: str = "", *, plan_path: str = "plan.sh", limits: Any = None, **fields: Any) -> dict[str, Any]:
    """Return the JSON of a bundle. `limits` changes limits, `fields` further fields; those of the job by `job`."""
    job = {
        "id": str(next(_job_ids)),
        "group_id": "99",
        "origin": "acme",
        "name": "widget",
        "target": "x86_64-linux",
        "attempt": 1,
        "channel": "bldr-99",
        **fields.pop("job", {}),
    }
    default_limits = {
        "seconds": 60,
        "log_lines": 5000,
        "log_bytes": 1 << 20,
        "heartbeat_seconds": 0.1,
        "chunk_bytes": 20_000,
    }
    bundle = {
        "job": job,
        "project": {"plan_path": plan_path, "vcs_data": url},
        "clone": {"url": url, "username": "", "password": ""},
        "token": JOB_TOKEN,
        "read_token": READ_TOKEN,
        "integrations": [],
        "project_integrations": [],
        "secrets": [],
        "limits": default_limits | (limits or {}),
    }
    return bundle | fields


def a_worker(builder: FakeBuilder, strategy: Strategy, work_folder: Path, **settings: Any) -> Worker:
    """Return a worker with short pauses."""
    client = WorkClient(Credentials(Address.parse(builder.url), WORKER_TOKEN), "test")
    rules = JobSettings(work_folder, CheckoutRules(allow_file=settings.pop("allow_file", True)), StepRetries(3, 0.01))
    return Worker(client, Target.X86_64_LINUX, strategy, rules, settings.pop("pauses", FAST))


@contextmanager
def running(worker: Worker) -> Iterator[Worker]:
    """Run a worker in a thread; end it, and its job, at the end of the block."""
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        worker.end(0)
        thread.join(60)
        assert not thread.is_alive()


def running_commands() -> list[str]:
    """Return the command lines of all processes of this machine."""
    commands = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            commands.append((process / "cmdline").read_text(errors="replace"))
        except OSError:
            continue
    return commands
