"""What a strategy is: the way in which a worker builds a package."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from bldr.worker.bundle import Job, Project, Secret, Secretive
from bldr.worker.integrations import Export
from bldr.worker.job_log import JobLog
from bldr.worker.processes import Program, run_program
from bldr.worker.stopping import StopSignal
from bldr.worker.workspace import Workspace
from chalicelib.core.ident import PackageIdent


class BuildRequest(Secretive, frozen=True):
    """A package to build from the checkout in a workspace. `url` is that of the Builder.

    `read_token` only allows reading. The secret key of the origin is in `signing_key`.
    """

    job: Job
    project: Project
    workspace: Workspace
    url: str
    read_token: str
    secrets: tuple[Secret, ...]
    signing_key: Path
    seconds: float

    @property
    def plan_folder(self) -> str:
        """The folder of the plan, relative to the checkout; `.` for its top."""
        return plan_folder(self.project.plan_path)


class Built(Struct, frozen=True):
    """A package that was built: its ident and its signed archive."""

    ident: PackageIdent
    archive: Path


class Execution(Struct, frozen=True):
    """Runs programs of one job: their output goes to its log, and its stop kills them."""

    log: JobLog
    stop: StopSignal

    def run(self, program: Program) -> int:
        """Run a program and return its exit code. Raises Stopped, OSError."""
        return run_program(program, self.log.output, self.stop)


class Strategy(Protocol):
    """A way to build packages."""

    def describe(self) -> str:
        """Return one line about the strategy and how it isolates builds, for the start of the worker."""

    def build(self, request: BuildRequest, execution: Execution) -> Built:
        """Build and sign a package. Raises BuildFailed, Stopped."""

    def export(self, request: BuildRequest, built: Built, export: Export, execution: Execution) -> None:
        """Export a service to a container registry. Raises ExportFailed, Stopped."""


def plan_folder(plan_path: str) -> str:
    """Return a plan's path less a last `plan.sh` or `plan.ps1`, less a last `habitat` (builds.md 9.2, step 5)."""
    parts = [part for part in plan_path.split("/") if part not in ("", ".")]
    if parts and parts[-1] in ("plan.sh", "plan.ps1"):
        parts.pop()
    if parts and parts[-1] == "habitat":
        parts.pop()
    return "/".join(parts) or "."


def environment_names(secrets: tuple[Secret, ...]) -> Mapping[str, str]:
    """Return the values of the secrets by name."""
    return {secret.name: secret.value for secret in secrets if "\0" not in secret.value}
