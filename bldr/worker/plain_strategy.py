"""The strategy `plain`: build a simple plan.sh without a studio, in isolation from the worker (docs/ORIGINS.md)."""

import calendar
import hashlib
import re
import time
from collections.abc import Mapping
from pathlib import Path

from bldr.address import Address
from bldr.archives import read_archive
from bldr.client import Builder
from bldr.config import Credentials
from bldr.errors import BldrError, IdentInvalid
from bldr.http_transport import HttpTransport
from bldr.packages import Package
from bldr.requested_ident import RequestedIdent
from bldr.worker.build_results import built_ident, ident_if_known, read_regular_file, read_variables
from bldr.worker.dependencies import Dependencies
from bldr.worker.errors import BuildFailed, ExportFailed
from bldr.worker.integrations import Export
from bldr.worker.origin_key import read_secret_key
from bldr.worker.plan_description import PlanDescription
from bldr.worker.processes import Program
from bldr.worker.sandbox import DEFAULT_LIMITS, Folders, Isolation, ResourceLimits, Sandbox
from bldr.worker.signed_archive import header, sign_archive
from bldr.worker.strategy import BuildRequest, Built, Execution, environment_names
from chalicelib.core.ident import PackageIdent

RUNNER = Path(__file__).with_name("plan_runner.sh")
PLAN_PLACES = ("plan.sh", "habitat/plan.sh")
RELEASE_FORM = "%Y%m%d%H%M%S"
MOST_BYTES = 20 << 30
LONGEST_FILES_LIST = 64 << 20
LONGEST_PHASE = 100

ISOLATION_TEXTS = {
    Isolation.NAMESPACES: "in namespaces of their own, without the files and processes of this machine",
    Isolation.USER: "as another user, but see the files and processes of this machine",
    Isolation.NONE: "WITHOUT ISOLATION: the code of plans can do whatever the worker can do",
}


class PlainStrategy:
    """Runs the phases of a plan with the programs of the machine and of the plan's dependencies."""

    def __init__(
        self,
        sandbox: Sandbox,
        cache: Path,
        limits: ResourceLimits = DEFAULT_LIMITS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._sandbox, self._cache, self._limits, self._most_bytes = sandbox, cache, limits, most_bytes

    def describe(self) -> str:
        """Return one line about the strategy and its isolation."""
        return f"strategy plain: builds run {ISOLATION_TEXTS[self._sandbox.isolation]}"

    def build(self, request: BuildRequest, execution: Execution) -> Built:
        """Describe the plan, install its dependencies, run its phases, and sign the package.

        Raises BuildFailed, Stopped.
        """
        return _PlainBuild(self._sandbox, self._cache, self._limits, self._most_bytes, request, execution).run()

    def export(self, request: BuildRequest, built: Built, export: Export, execution: Execution) -> None:
        """Raise ExportFailed: the exporter is a package of `hab`."""
        raise ExportFailed("a worker with the strategy plain cannot export containers; use one with the strategy hab")


class _PlainBuild:
    def __init__(
        self,
        sandbox: Sandbox,
        cache: Path,
        limits: ResourceLimits,
        most_bytes: int,
        request: BuildRequest,
        execution: Execution,
    ) -> None:
        self._sandbox, self._cache, self._limits, self._most_bytes = sandbox, cache, limits, most_bytes
        self._request, self._execution = request, execution
        self._workspace = request.workspace
        self._results = request.workspace.studio / "results"
        self._artifacts = request.workspace.studio / "artifacts"
        self._release = time.strftime(RELEASE_FORM, time.gmtime())

    def run(self) -> Built:
        try:
            return self._run()
        except BuildFailed as failure:
            ident = failure.ident or ident_if_known(self._results, self._request.job.origin, self._request.job.name)
            raise BuildFailed(str(failure), failure.phase or self._phase(), ident) from None
        except (BldrError, OSError) as problem:
            raise BuildFailed(str(problem), self._phase()) from None

    def _run(self) -> Built:
        if self._sandbox.isolation is not Isolation.NAMESPACES:
            self._execution.log.note(f"this build runs {ISOLATION_TEXTS[self._sandbox.isolation]}")
        plan = self._plan()
        folders = self._sandbox.prepare(self._workspace, RUNNER)
        self._run_action("describe", folders, plan)
        self._install_dependencies(self._description())
        self._run_action("build", folders, plan)
        ident = self._ident()
        self._write_files_list(ident)
        self._run_action("pack", folders, plan, {"BLDR_IDENT": str(ident)})
        return Built(ident, self._signed_archive(ident))

    def _plan(self) -> str:
        """Return the path of the plan, relative to the checkout. Raises BuildFailed."""
        folder = self._request.plan_folder
        for place in PLAN_PLACES:
            path = Path(folder, place)
            if (self._workspace.src / path).is_file() and ".." not in path.parts:
                return str(path)
        raise BuildFailed(f"the repository has no plan.sh in '{folder}' or in its folder habitat")

    def _description(self) -> PlanDescription:
        text = read_regular_file(self._results / "plan", 1 << 20)
        description = PlanDescription.parse(text or "")
        if description.name != self._request.job.name:
            wanted = self._request.job.name
            advice = "pkg_name and the name of the project must be the same"
            raise BuildFailed(f"the plan is for {description.name}, but the job is for {wanted}; {advice}")
        return description

    def _install_dependencies(self, description: PlanDescription) -> None:
        """Download the dependencies to where the runner installs them from, with the lists of their idents."""
        request, job = self._request, self._request.job
        try:
            deps, build_deps = (
                [RequestedIdent.parse(text) for text in texts] for texts in (description.deps, description.build_deps)
            )
        except IdentInvalid as problem:
            raise BuildFailed(str(problem), "dependencies") from None
        transport = HttpTransport(Credentials(Address.parse(request.url), request.read_token or None))
        dependencies = Dependencies(Builder(transport), job.target, job.channel, self._execution.stop)
        resolved = dependencies.resolve(deps, build_deps)
        dependencies.download(resolved, self._cache, self._artifacts, self._execution.log.note)
        for name, idents in resolved.lists().items():
            (self._artifacts / name).write_text("".join(f"{ident}\n" for ident in idents))

    def _run_action(self, action: str, folders: Folders, plan: str, variables: Mapping[str, str] | None = None) -> None:
        environment = {**self._environment(folders, plan), **(variables or {})}
        command = self._sandbox.command(self._workspace, RUNNER, self._limits, ["/bin/bash", folders.runner, action])
        program = Program(
            command,
            self._workspace.root,
            environment,
            check=self._check_size,
            after_kill=self._sandbox.end_processes,
            grace=0,  # nothing outlives a sandbox, and the first process of its namespace ignores SIGTERM
        )
        code = self._execution.run(program)
        if code != 0:
            phase = self._phase()
            raise BuildFailed(f"the phase {phase} of the plan ended with code {code}", phase)

    def _environment(self, folders: Folders, plan: str) -> dict[str, str]:
        """Return the environment of the runner. It contains no token; secrets get their names only within isolation."""
        job = self._request.job
        secrets = environment_names(self._request.secrets)
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": folders.tmp,
            "TMPDIR": folders.tmp,
            "TERM": "xterm-256color",
            "BLDR_HAB": folders.hab,
            "BLDR_SRC": folders.src,
            "BLDR_ARTIFACTS": folders.artifacts,
            "BLDR_RESULTS": folders.results,
            "BLDR_PLAN": f"{folders.src}/{plan}",
            "BLDR_PLAN_CONTEXT": f"{folders.src}/{plan}".rpartition("/")[0],
            "BLDR_RELEASE": self._release,
            "BLDR_SOURCE_DATE_EPOCH": str(calendar.timegm(time.strptime(self._release, RELEASE_FORM))),
            "BLDR_TARGET": str(job.target),
            "HAB_ORIGIN": job.origin,
            **{f"BLDR_ENV_{name}": value for name, value in secrets.items()},
        }

    def _ident(self) -> PackageIdent:
        job = self._request.job
        ident = built_ident(read_variables(self._results, "pre_build"), job.origin, job.name)
        if ident.release != self._release:
            raise BuildFailed("the plan has changed its release", ident="")
        return ident

    def _write_files_list(self, ident: PackageIdent) -> None:
        """Sign the list of the package's files for its metadata file FILES. No other text is signed."""
        text = read_regular_file(self._results / "files", LONGEST_FILES_LIST) or ""
        if not _is_list_of_files(text, ident):
            self._execution.log.note("the package has file names that the metadata file FILES cannot list")
            return
        key = read_secret_key(self._request.signing_key)
        (self._artifacts / "FILES").write_bytes(header(_digest(text), key) + text.encode())

    def _signed_archive(self, ident: PackageIdent) -> Path:
        """Sign the payload and require that it is the package of the job. Raises BuildFailed."""
        target = self._request.job.target
        archive = self._workspace.out / ident.archive_name(target)
        sign_archive(self._results / "payload.tar.xz", read_secret_key(self._request.signing_key), archive)
        if read_archive(archive).package != Package(ident, target):
            archive.unlink()
            raise BuildFailed("the build has packed another package than that of the job", "pack", str(ident))
        return archive

    def _phase(self) -> str:
        text = (read_regular_file(self._results / "phase", LONGEST_PHASE) or "").strip()
        return text if re.fullmatch("[a-z_]+", text) else ""

    def _check_size(self) -> None:
        if self._workspace.has_more_than(self._most_bytes):
            raise BuildFailed(f"the build takes more than {self._most_bytes >> 20} MiB on disk")


def _is_list_of_files(text: str, ident: PackageIdent) -> bool:
    """Return whether a text lists only files of a package. The signature of any other text could be misused."""
    line = re.compile(f"[0-9a-f]{{64}}  /hab/pkgs/{re.escape(str(ident))}/[^\\n\\\\\\x00\ufffd]+")
    return all(line.fullmatch(each) for each in text.split("\n")[:-1]) and text.endswith("\n")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
