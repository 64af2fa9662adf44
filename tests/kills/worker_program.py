"""A worker that writes a journal of what it builds and publishes: `python -m tests.kills.worker_program`.

A line of the journal is in the file before the next step begins, so a killed worker loses none. The lines are
`build JOB ATTEMPT` and `uploaded JOB ATTEMPT IDENT`; the second one means that the upload was acknowledged.
"""

import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import click

from bldr.address import Address
from bldr.config import Credentials
from bldr.worker import publishing, work_folder
from bldr.worker.checkout import CheckoutRules
from bldr.worker.hab_strategy import HabStrategy
from bldr.worker.integrations import Export
from bldr.worker.job_run import JobSettings
from bldr.worker.plain_strategy import PlainStrategy
from bldr.worker.retrying import StepRetries
from bldr.worker.sandbox import Sandbox, best_isolation
from bldr.worker.strategy import BuildRequest, Built, Execution, Strategy
from bldr.worker.work_client import WorkClient
from bldr.worker.worker import Pauses, Worker
from chalicelib.core.target import Target
from local.parent import end_with_parent
from tests.builders.stub_strategy import StubStrategy

GRACE_SECONDS = 0.5
KINDS = ("stub", "plain", "hab")


class Journal:
    """The file with the lines of all workers."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, *words: object) -> None:
        """Append a line."""
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())


class Journalled:
    """A strategy that writes when a build begins. It also notes the job of which an upload is acknowledged."""

    def __init__(self, strategy: Strategy, journal: Journal) -> None:
        self._strategy, self._journal = strategy, journal
        self._job: tuple[str, int] = ("", 0)
        publishing.upload_archive = self._wrapped(publishing.upload_archive)  # type: ignore[attr-defined]  # a name that the module imports

    def describe(self) -> str:
        """Return one line about the strategy."""
        return self._strategy.describe()

    def build(self, request: BuildRequest, execution: Execution) -> Built:
        """Write that a build begins, and build. Raises BuildFailed, Stopped."""
        self._job = request.job.id, request.job.attempt
        self._journal.write("build", *self._job)
        return self._strategy.build(request, execution)

    def export(self, request: BuildRequest, built: Built, export: Export, execution: Execution) -> None:
        """Export as the strategy does. Raises ExportFailed."""
        self._strategy.export(request, built, export, execution)

    def _wrapped(self, upload: Callable[..., None]) -> Callable[..., None]:
        def upload_archive(builder: Any, archive: Any, *more: Any) -> None:
            upload(builder, archive, *more)
            self._journal.write("uploaded", *self._job, archive.package.ident)

        return upload_archive


def _strategy(kind: str, folder: Path, build_deps: Path) -> Strategy:
    if kind == "hab":
        return HabStrategy(str(folder.parent / "hab"))
    if kind == "plain":
        return PlainStrategy(Sandbox(best_isolation()), folder / "archives")
    deps = {name: tuple(idents) for name, idents in json.loads(build_deps.read_text()).items()}
    return StubStrategy(0.1, build_deps=deps)


@click.command()
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True)
@click.option("--journal", type=click.Path(path_type=Path), required=True)
@click.option("--build-deps", type=click.Path(path_type=Path), required=True)
def main(kind: str, folder: Path, journal: Path, build_deps: Path) -> None:
    """Do jobs until SIGTERM, which gives the running job back."""
    end_with_parent()
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    credentials = Credentials(Address.parse(os.environ["HAB_BLDR_URL"]), os.environ.pop("BLDR_WORKER_TOKEN"))
    client = WorkClient(credentials, f"{kind}-{socket.gethostname()}-{os.getpid()}")
    (folder / "jobs").mkdir(exist_ok=True)
    work_folder.occupy(folder)
    settings = JobSettings(folder / "jobs", CheckoutRules(allow_file=True), StepRetries(retries=120, seconds=0.5))
    strategy = Journalled(_strategy(kind, folder, build_deps), Journal(journal))
    pauses = Pauses(first=0.1, longest=0.5, idle=0.05, wait=2)
    program = Worker(client, Target.X86_64_LINUX, strategy, settings, pauses)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=program.end, args=(GRACE_SECONDS,), daemon=True).start()

    signal.signal(signal.SIGTERM, on_signal)
    program.run()


if __name__ == "__main__":
    main()
