"""A strategy that runs no code, for tests and measurements of the service: it sleeps and makes a tiny signed archive.

As a program, `python -m tests.builders.stub_strategy` is a worker with this strategy; it reads BLDR_WORKER_TOKEN and
HAB_BLDR_URL like `bldr worker`.
"""

import hashlib
import io
import lzma
import os
import socket
import tarfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from bldr.address import Address
from bldr.config import Credentials
from bldr.worker.errors import BuildFailed, ExportFailed
from bldr.worker.integrations import Export
from bldr.worker.job_run import JobSettings
from bldr.worker.origin_key import read_secret_key
from bldr.worker.retrying import StepRetries
from bldr.worker.signed_archive import header
from bldr.worker.strategy import BuildRequest, Built, Execution
from bldr.worker.work_client import WorkClient
from bldr.worker.worker import Pauses, Worker
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target

RELEASE_FORM = "%Y%m%d%H%M%S"
SLEEPS, FAILS = "sleeps-", "fails"


class StubStrategy:
    """Builds every job in `seconds`. A name `...sleeps-N` takes N seconds; one that contains `fails` fails."""

    def __init__(
        self,
        seconds: float = 0,
        deps: Mapping[str, tuple[str, ...]] | None = None,
        build_deps: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Take the idents of dependencies, to run and to build, by the name of the package."""
        self._seconds, self._deps, self._build_deps = seconds, deps or {}, build_deps or {}

    def describe(self) -> str:
        """Return one line about the strategy."""
        return "strategy stub: nothing is built"

    def build(self, request: BuildRequest, execution: Execution) -> Built:
        """Sleep, and make an archive. Raises BuildFailed for a name that contains `fails`."""
        job = request.job
        execution.log.output(f"a stub of {job.origin}/{job.name}")
        execution.stop.wait(_seconds_of(job.name, self._seconds))
        ident = PackageIdent(job.origin, job.name, "1.0.0", _release(job.id))
        if FAILS in job.name:
            raise BuildFailed("the stub fails as its name says", "do_build", str(ident))
        archive = request.workspace.out / ident.archive_name(job.target)
        deps, build_deps = self._deps.get(job.name, ()), self._build_deps.get(job.name, ())
        archive.write_bytes(stub_archive(ident, job.target, request.signing_key, deps, build_deps))
        return Built(ident, archive)

    def export(self, request: BuildRequest, built: Built, export: Export, execution: Execution) -> None:
        """Raise ExportFailed."""
        raise ExportFailed("a stub exports nothing")


def _seconds_of(name: str, default: float) -> float:
    _, mark, text = name.rpartition(SLEEPS)
    return float(text) if mark and text.isdecimal() else default


def _release(job_id: str) -> str:
    """A release of the current second whose last digits differ between jobs of one second."""
    return f"{time.strftime(RELEASE_FORM, time.gmtime())}{int(job_id) % 10_000:04d}"


def stub_archive(
    ident: PackageIdent, target: Target, key: Path, deps: Sequence[str] = (), build_deps: Sequence[str] = ()
) -> bytes:
    """Return a tiny archive that is signed with the secret key in a file."""
    files = {"IDENT": f"{ident}\n", "TARGET": f"{target}\n", "TYPE": "standalone\n", "MANIFEST": f"# {ident}\n"}
    lists = {"DEPS": deps, "TDEPS": deps, "BUILD_DEPS": build_deps, "BUILD_TDEPS": build_deps}
    files |= {name: "".join(f"{dep}\n" for dep in listed) for name, listed in lists.items() if listed}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"hab/pkgs/{ident}/{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    payload = lzma.compress(stream.getvalue(), preset=0)
    return header(hashlib.blake2b(payload, digest_size=32).hexdigest(), read_secret_key(key)) + payload


@click.command()
@click.option("--target", default="x86_64-linux")
@click.option("--seconds", type=float, default=0.0)
@click.option("--work-folder", type=click.Path(path_type=Path), required=True)
@click.option("--once", is_flag=True)
def main(target: str, seconds: float, work_folder: Path, once: bool) -> None:
    """Do jobs without cloning or building anything."""
    os.environ["XDG_CACHE_HOME"] = str(work_folder / "cache")
    credentials = Credentials(Address.parse(os.environ["HAB_BLDR_URL"]), os.environ["BLDR_WORKER_TOKEN"])
    client = WorkClient(credentials, f"stub-{socket.gethostname()}-{os.getpid()}")
    settings = JobSettings(work_folder, None, StepRetries(seconds=1))
    Worker(client, Target.parse(target), StubStrategy(seconds), settings, Pauses(idle=0.05)).run(once)


if __name__ == "__main__":
    main()
