"""One job from its claim to its result: the steps of builds.md 9.2, with their sections in the log."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bldr.archives import read_archive
from bldr.client import Builder
from bldr.config import Credentials
from bldr.errors import ArchiveDamaged, BldrError
from bldr.http_transport import HttpTransport
from bldr.packages import Package
from bldr.worker.bundle import Bundle
from bldr.worker.checkout import CheckoutFailed, CheckoutRules, check_out
from bldr.worker.errors import BuildFailed, ExportFailed, StepFailed
from bldr.worker.integrations import Export, IntegrationInvalid, exports_of
from bldr.worker.job_log import JobLog
from bldr.worker.origin_key import fetch_secret_key
from bldr.worker.publishing import Publisher
from bldr.worker.retrying import StepRetries, with_retries
from bldr.worker.stopping import Stopped, StopReason, StopSignal
from bldr.worker.strategy import BuildRequest, Built, Execution, Strategy
from bldr.worker.work_client import Result, WorkClient
from bldr.worker.workspace import Workspace
from chalicelib.core.builds.build_states import JobError
from chalicelib.core.harts.hart import read_hart
from chalicelib.core.target import Target

EXPORTED_TARGETS = (Target.X86_64_LINUX, Target.X86_64_WINDOWS, Target.AARCH64_LINUX)
EXPECTED_FAILURES = (BldrError, CheckoutFailed, ExportFailed, IntegrationInvalid, OSError)


class JobSettings(Struct, frozen=True):
    """How a worker does jobs. `work_folder` is private to the worker. Nothing is cloned if `checkout` is None."""

    work_folder: Path
    checkout: CheckoutRules | None = CheckoutRules()
    retries: StepRetries = StepRetries()


class JobRun:
    """Does one job. `run` returns its result and raises nothing but Stopped with the reason LOST."""

    def __init__(
        self, bundle: Bundle, client: WorkClient, strategy: Strategy, settings: JobSettings, stop: StopSignal
    ) -> None:
        self._bundle, self._client, self._strategy, self._settings = bundle, client, strategy, settings
        self._stop = stop
        self.log = JobLog(client.of_job(bundle), bundle.limits, bundle.texts_to_hide())
        self._transport = HttpTransport(Credentials(client.address, bundle.token))
        self._deadline = time.monotonic() + bundle.limits.seconds
        self._started_at = self._finished_at = self._ident = ""
        self._workspace: Workspace | None = None

    def run(self) -> Result:
        """Do all steps and return the result. Raises Stopped if the job is lost."""
        job = self._bundle.job
        self.log.note(f"builder_log::start::{job.id}")
        if job.attempt > 1:
            self.log.note(f"attempt {job.attempt}: an earlier worker was lost or returned the job")
        timer = threading.Timer(self._bundle.limits.seconds, self._stop.request, [StopReason.TIMED_OUT])
        timer.daemon = True
        timer.start()
        try:
            return self._result_of_steps()
        finally:
            timer.cancel()
            self.log.note(f"builder_log::end::{job.id}")

    def clean_up(self) -> None:
        """Remove the workspace. Call this after the report: dependents wait for that, and large folders take long.

        Raises OSError.
        """
        if self._workspace is not None:
            self._workspace.remove()

    def _result_of_steps(self) -> Result:
        try:
            self._do_steps()
        except StepFailed as failure:
            return self._failed(failure.error, failure.step)
        except Stopped as stopped:
            return self._stopped(stopped)
        return self._result("complete")

    def _do_steps(self) -> None:
        workspace = self._workspace = self._new_workspace()
        exports = self._validate_integrations()
        key = self._fetch_origin_key(workspace)
        self._clone_repository(workspace)
        request = self._request(workspace, key)
        built = self._build_package(request)
        self._export(request, built, exports)
        self._publish(built)

    def _new_workspace(self) -> Workspace:
        self._stop.check()
        try:
            return Workspace.create(self._settings.work_folder, self._bundle.job.id)
        except OSError as problem:
            self.log.failure(f"the workspace cannot be created: {problem.strerror}")
            raise StepFailed(JobError.WORKSPACE, "workspace", str(problem)) from None

    def _validate_integrations(self) -> tuple[Export, ...]:
        with self._step("validate_integrations", JobError.VALIDATE):
            return exports_of(self._bundle)

    def _fetch_origin_key(self, workspace: Workspace) -> Path:
        origin = self._bundle.job.origin
        with self._step("fetch_origin_key", JobError.KEY):
            return with_retries(
                self._settings.retries,
                self._stop,
                lambda: fetch_secret_key(self._transport, origin, workspace.keys),
                self.log.note,
            )

    def _clone_repository(self, workspace: Workspace) -> None:
        with self._step("clone_repository", JobError.CLONE):
            if self._settings.checkout is not None:
                check_out(self._bundle.clone, workspace, self._settings.checkout, self.log.output, self._stop)

    def _request(self, workspace: Workspace, key: Path) -> BuildRequest:
        bundle = self._bundle
        return BuildRequest(
            job=bundle.job,
            project=bundle.project,
            workspace=workspace,
            url=str(self._client.address).removesuffix("/v1"),
            read_token=bundle.read_token,
            secrets=bundle.secrets,
            signing_key=key,
            seconds=max(1.0, self._deadline - time.monotonic()),
        )

    def _build_package(self, request: BuildRequest) -> Built:
        with self._step("build_package", JobError.BUILD):
            self._started_at = _now()
            try:
                built = self._strategy.build(request, Execution(self.log, self._stop))
            except BuildFailed as failure:
                self._ident = failure.ident
                self.log.failure(str(failure))
                step = f"build_package, phase {failure.phase}" if failure.phase else "build_package"
                raise StepFailed(JobError.BUILD, step, str(failure)) from None
            finally:
                self._finished_at = _now()
            self._ident = str(built.ident)
            return built

    def _export(self, request: BuildRequest, built: Built, exports: tuple[Export, ...]) -> None:
        if not exports or request.job.target not in EXPORTED_TARGETS or not _is_service(built):
            return
        with self._step("export_docker", JobError.EXPORT):
            for export in exports:
                self._strategy.export(request, built, export, Execution(self.log, self._stop))

    def _publish(self, built: Built) -> None:
        job = self._bundle.job
        with self._step("publish_package", JobError.PUBLISH):
            if read_archive(built.archive).package != Package(built.ident, job.target):
                raise ArchiveDamaged("the archive contains another package")
            publisher = Publisher(Builder(self._transport), self._settings.retries, self._stop, self.log.note)
            publisher.publish(Package(built.ident, job.target), built.archive, job.channel)

    @contextmanager
    def _step(self, section: str, error: JobError) -> Iterator[None]:
        """Run a step in its section. Its failure becomes a line at the end of the section, and StepFailed."""
        self._stop.check()
        with self.log.section(section):
            try:
                yield
            except EXPECTED_FAILURES as problem:
                self.log.failure(str(problem))
                raise StepFailed(error, section, str(problem)) from None

    def _stopped(self, stopped: Stopped) -> Result:
        self.log.note(f"stopped: {stopped.reason}")
        if stopped.reason is StopReason.LOST:
            raise stopped
        if stopped.reason is StopReason.TIMED_OUT:
            return self._failed(JobError.TIMEOUT, "time limit")
        kind = "canceled" if stopped.reason is StopReason.CANCELED else "returned"
        return self._result(kind)

    def _failed(self, error: JobError, step: str) -> Result:
        return self._result("failed", error, step)

    def _result(self, kind: str, error: JobError | None = None, step: str = "") -> Result:
        return Result(
            kind=kind,
            ident=self._ident,
            error=error or "",
            step=step,
            last_lines=self.log.last_lines if kind == "failed" else "",
            build_started_at=self._started_at,
            build_finished_at=self._finished_at,
        )


def _is_service(built: Built) -> bool:
    with built.archive.open("rb") as file:
        return "SVC_USER" in read_hart(file).metafiles


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
