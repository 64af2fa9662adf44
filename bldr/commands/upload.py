"""`bldr upload`: upload archives from files and folders with their signing keys, dependencies first."""

from pathlib import Path

import click

from bldr.archives import Archive, find_files, read_archive
from bldr.client import Builder
from bldr.commands.options import builder_options, jobs_option
from bldr.errors import PathUnusable, StepsFailed
from bldr.origins import ensure_origins
from bldr.output import console, counted
from bldr.packages import UNSTABLE, Package
from bldr.parallel import run_all, run_in_order
from bldr.progress import ProgressReporter, progress_on, report_errors
from bldr.public_keys import read_key, read_wanted_keys
from bldr.upload_plan import Action, UploadPlan, action_for
from bldr.uploads import SINGLE_REQUEST_BYTES, UploadOptions, require_same_bytes, upload_archive
from chalicelib.core.keys.key_file import KeyFile
from chalicelib.core.keys.named_revision import NamedRevision

MIB = 1 << 20


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--channel", metavar="CHANNEL", help="Promote the packages to this channel after all uploads.")
@click.option("--force", is_flag=True, help="Upload existing archives again. Different bytes are never replaced.")
@click.option("--create-origins", is_flag=True, help="Create origins that do not exist.")
@click.option(
    "--whole-up-to",
    type=click.FloatRange(min=0),
    default=SINGLE_REQUEST_BYTES / MIB,
    show_default=True,
    metavar="MIB",
    help="Size above which archives are uploaded in parts that can be resumed.",
)
@jobs_option
@builder_options
def upload(
    builder: Builder,
    paths: tuple[Path, ...],
    channel: str | None,
    force: bool,
    create_origins: bool,
    whole_up_to: float,
    jobs: int,
) -> None:
    """Upload the archives (*.hart) at PATH, which is a file, or a folder that is searched recursively.

    Keys (*.pub) beside the archives are uploaded first, then dependencies before their dependents. Existing packages
    are skipped. To continue after an interruption, run the same command again; large archives are resumed.
    """
    with progress_on(console()) as progress:
        plan, keys = _plan(paths, progress, jobs)
        ensure_origins(builder, plan.origins, create_origins)
        run = _UploadRun(builder, plan, UploadOptions(int(whole_up_to * MIB), force), progress, jobs)
        failures = run.upload_keys(keys) + run.upload_archives()
        progress.report(f"{run.uploaded} uploaded, {run.skipped} skipped, {failures} failed")
        if failures:
            not_promoted = "; nothing was promoted" if channel else ""
            raise StepsFailed(
                f"{counted(failures, 'upload')} failed{not_promoted}; run the same command again to continue"
            )
        if channel and channel != UNSTABLE:
            run.promote(channel)


def _plan(
    paths: tuple[Path, ...], progress: ProgressReporter, jobs: int
) -> tuple[UploadPlan, dict[NamedRevision, KeyFile]]:
    """Return the plan and the keys of the plan. Raises PathUnusable, StepsFailed."""
    files = find_files(paths)
    if not files.archives and not files.named_keys:
        raise PathUnusable("there are no archives (*.hart) at these paths")
    archives = _read_archives(files.archives, progress, jobs)
    named_keys = {key.named_revision: key for path in files.named_keys if (key := read_key(path)) is not None}
    wanted = {archive.signing_key for archive in archives} - set(named_keys)
    keys = read_wanted_keys(wanted, files.keys, progress.report) | named_keys
    return UploadPlan.of(archives, keys), keys


def _read_archives(paths: tuple[Path, ...], progress: ProgressReporter, jobs: int) -> list[Archive]:
    """Read all archives. Raises StepsFailed if one is damaged, because its dependents are then unknown."""
    archives: dict[Path, Archive] = {}

    def read(path: Path) -> None:
        with progress.transfer(f"reading {path.name}", None):
            archives[path] = read_archive(path)

    failures = report_errors(progress, run_all(paths, read, jobs))
    if failures:
        raise StepsFailed(f"{counted(failures, 'archive')} cannot be read, so nothing was uploaded")
    return [archives[path] for path in paths]


class _UploadRun:
    """Runs the steps of a plan and reports each step."""

    def __init__(
        self, builder: Builder, plan: UploadPlan, options: UploadOptions, progress: ProgressReporter, jobs: int
    ) -> None:
        self._builder, self._plan, self._options = builder, plan, options
        self._progress, self._jobs = progress, jobs
        self._actions: list[Action] = []

    @property
    def uploaded(self) -> int:
        """Number of archives that were uploaded."""
        return self._actions.count(Action.SEND)

    @property
    def skipped(self) -> int:
        """Number of archives that existed already."""
        return len(self._actions) - self.uploaded

    def upload_keys(self, keys: dict[NamedRevision, KeyFile]) -> int:
        """Upload keys that do not exist; return how many failed."""
        errors = run_all(keys, lambda name: self._upload_key(keys[name]), self._jobs)
        return report_errors(self._progress, errors, lambda name: f"key {name}")

    def upload_archives(self) -> int:
        """Upload archives that do not exist, dependencies first; return how many failed."""
        return report_errors(self._progress, run_in_order(self._plan.dependencies, self._upload_archive, self._jobs))

    def promote(self, channel: str) -> None:
        """Promote all packages to a channel. Raises StepsFailed."""
        for origin in sorted({package.origin for package in self._plan.archives}):
            self._builder.create_channel(origin, channel)
        errors = run_in_order(self._plan.dependencies, lambda package: self._promote(package, channel), self._jobs)
        failures = report_errors(self._progress, errors)
        if failures:
            raise StepsFailed(f"{counted(failures, 'package')} were not promoted; run the same command again to retry")

    def _upload_key(self, key: KeyFile) -> None:
        if self._builder.key(key.named_revision) is None:
            self._builder.put_key(key)
            self._progress.report(f"uploaded key {key.named_revision}")

    def _upload_archive(self, package: Package) -> None:
        archive = self._plan.archives[package]
        action = action_for(archive.details, self._builder.find(package), self._options.forced)
        if action is Action.CONFLICT:
            require_same_bytes(self._builder, archive)
        if action is Action.SEND:
            with self._progress.transfer(f"uploading {package}", archive.size) as advance:
                upload_archive(self._builder, archive, self._options, advance)
            self._progress.report(f"uploaded {package}")
        else:
            self._progress.report(f"skipped {package}: already exists")
        self._actions.append(action)

    def _promote(self, package: Package, channel: str) -> None:
        self._builder.promote(package, channel)
        self._progress.report(f"promoted {package} to {channel}")
