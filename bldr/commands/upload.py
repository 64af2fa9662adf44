"""`bldr upload`: archives from files and folders, with the keys that signed them and in the order of their needs."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from bldr.archives import Archive, look_in, read_archive, read_key
from bldr.client import Builder
from bldr.commands.options import builder_options, jobs_option
from bldr.crew import in_order
from bldr.errors import BldrError, PathUnusable, StepsFailed
from bldr.origins import demand_origins
from bldr.output import console, counted
from bldr.packages import UNSTABLE, Package
from bldr.progress import Watch, watching
from bldr.sending import WHOLE_BYTES, Manner, demand_same, send
from bldr.upload_plan import Step, UploadPlan, step
from chalicelib.core.key_file import KeyFile
from chalicelib.core.named_revision import NamedRevision

MIB = 1 << 20
K = TypeVar("K", bound=Hashable)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--channel", metavar="CHANNEL", help="Promote to this channel once everything is there.")
@click.option("--force", is_flag=True, help="Send equal archives again; others are never replaced.")
@click.option("--create-origins", is_flag=True, help="Create origins that are not there.")
@click.option(
    "--whole-up-to",
    type=click.FloatRange(min=0),
    default=WHOLE_BYTES / MIB,
    show_default=True,
    metavar="MIB",
    help="Larger archives are sent in parts, which can be resumed.",
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
    """Upload the archives (*.hart) at PATH, files or folders with all below.

    Keys (*.pub) found beside them go first, dependencies before what depends on them. What is there is skipped, so an
    interrupted upload is simply started again; large archives go on where they were cut off.
    """
    with watching(console()) as watch:
        plan, keys = _planned(paths, watch, jobs)
        demand_origins(builder, plan.origins, create_origins)
        work = _Upload(builder, plan, Manner(int(whole_up_to * MIB), force), watch)
        failed = _tell(watch, in_order(dict.fromkeys(keys, ()), lambda key: work.key(keys[key]), jobs), "key ")
        failed += _tell(watch, in_order(plan.needs, work.archive, jobs))
        watch.say(f"{work.sent} uploaded, {work.skipped} there already, {failed} failed")
        if failed:
            unpromoted = "; nothing was promoted" if channel else ""
            raise StepsFailed(f"{counted(failed, 'upload')} failed{unpromoted}; the same command goes on from here")
        if channel and channel != UNSTABLE:
            _promote(builder, plan, channel, watch, jobs)


def _planned(paths: tuple[Path, ...], watch: Watch, jobs: int) -> tuple[UploadPlan, dict[NamedRevision, KeyFile]]:
    found = look_in(paths)
    if not found.archives and not found.named_keys:
        raise PathUnusable("there is no archive (*.hart) at these paths")
    archives = _read_all(found.archives, watch, jobs)
    read = {path: read_key(path) for path in found.keys}
    keys = {key.named_revision: key for key in read.values() if key is not None}
    named = [key.named_revision for path in found.named_keys if (key := read[path]) is not None]
    plan = UploadPlan.of(archives, keys, named)
    return plan, {key: keys[key] for key in plan.keys}


def _read_all(paths: tuple[Path, ...], watch: Watch, jobs: int) -> list[Archive]:
    """What the files hold. One that cannot be read stops it all: nobody knows what needs it."""
    read: dict[Path, Archive] = {}

    def one(path: Path) -> None:
        with watch.transfer(f"reading {path.name}", None):
            read[path] = read_archive(path)

    failed = _tell(watch, in_order(dict.fromkeys(paths, ()), one, jobs))
    if failed:
        raise StepsFailed(f"{counted(failed, 'archive')} cannot be read, so nothing was uploaded")
    return [read[path] for path in paths]


class _Upload:
    """The steps, each told when it is done; counts may be added to by several threads."""

    def __init__(self, builder: Builder, plan: UploadPlan, manner: Manner, watch: Watch) -> None:
        self._builder, self._plan, self._manner, self._watch = builder, plan, manner, watch
        self._ends: list[Step] = []

    @property
    def sent(self) -> int:
        """How many archives were sent."""
        return self._ends.count(Step.SEND)

    @property
    def skipped(self) -> int:
        """How many were there."""
        return self._ends.count(Step.SKIP)

    def key(self, key: KeyFile) -> None:
        """Upload a key that is not there."""
        if self._builder.key(key.named_revision) is None:
            self._builder.put_key(key)
            self._watch.say(f"uploaded key {key.named_revision}")

    def archive(self, package: Package) -> None:
        """Upload an archive that is not there."""
        archive = self._plan.archives[package]
        decided = step(archive.described, self._builder.find(package), self._manner.forced)
        if decided is Step.CONFLICT:
            demand_same(self._builder, archive)
        if decided is Step.SEND:
            with self._watch.transfer(f"sending {package}", archive.size) as tick:
                send(self._builder, archive, self._manner, tick)
            self._watch.say(f"uploaded {package}")
        else:
            self._watch.say(f"skipped {package}, which is there")
        self._ends.append(decided)


def _promote(builder: Builder, plan: UploadPlan, channel: str, watch: Watch, jobs: int) -> None:
    def promote(package: Package) -> None:
        builder.promote(package, channel)
        watch.say(f"promoted {package} to {channel}")

    for origin in sorted({package.origin for package in plan.archives}):
        builder.create_channel(origin, channel)
    failed = _tell(watch, in_order(plan.needs, promote, jobs))
    if failed:
        raise StepsFailed(f"{counted(failed, 'package')} could not be promoted; the same command tries again")


def _tell(watch: Watch, failed: Mapping[K, BldrError], kind: str = "") -> int:
    for step_of, problem in failed.items():
        watch.say(f"failed: {problem}" if str(step_of) in str(problem) else f"failed: {kind}{step_of}: {problem}")
    return len(failed)
