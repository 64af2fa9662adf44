"""`bldr download`: archives and the keys that signed them, into a folder as `hab pkg download` lays it out."""

from pathlib import Path

import click

from bldr.client import Builder
from bldr.commands.options import TargetType, builder_options, jobs_option
from bldr.crew import each, in_order
from bldr.errors import IdentUnclear, StepsFailed
from bldr.fetched_keys import fetch_keys
from bldr.fetching import fetch
from bldr.files import folder
from bldr.output import console, counted
from bldr.packages import STABLE, Described, Package
from bldr.progress import Watch, watching
from bldr.wanted import Wanted, host_target
from chalicelib.core.target import Target


@click.command()
@click.argument("idents", nargs=-1, required=True, metavar="IDENT...")
@click.option("--to", "to", required=True, metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--channel", default=STABLE, show_default=True, help="Where the latest is looked for.")
@click.option("--target", type=TargetType(), help="Else that of this machine.")
@click.option("--deps", is_flag=True, help="With everything that they need.")
@jobs_option
@builder_options
def download(
    builder: Builder, idents: tuple[str, ...], to: Path, channel: str, target: Target | None, deps: bool, jobs: int
) -> None:
    """Download packages into DIR/artifacts, and the keys that signed them into DIR/keys.

    IDENT is origin/name[/version[/release]]; the latest in the channel is taken unless it is a full one. Archives that
    are there are skipped, others go on where they were cut off, and none has its name before its checksum is right.
    """
    wanted = [Wanted.parse(text) for text in idents]
    with watching(console()) as watch:
        found = _resolved(builder, wanted, channel, target or host_target(), jobs)
        if deps:
            found |= _needed(builder, found, jobs)
        archives, failures = _fetch_all(builder, found, folder(to / "artifacts"), watch, jobs)
        for named in fetch_keys(builder, archives, folder(to / "keys")):
            watch.say(f"failed: {builder} lacks key {named}, which signed some of them")
            failures += 1
        watch.say(f"{counted(len(archives), 'package')} in {to}, {failures} failed")
        if failures:
            raise StepsFailed(f"{counted(failures, 'download')} failed; the same command goes on from here")


def _resolved(
    builder: Builder, wanted: list[Wanted], channel: str, target: Target, jobs: int
) -> dict[Package, Described]:
    found = each(wanted, lambda each: builder.latest(each, channel, target), jobs)
    for wish, described in zip(wanted, found, strict=True):
        if described is None:
            where = "" if wish.ident else f" in channel {channel}"
            raise IdentUnclear(f"{builder} has no {wish} for {target}{where}; check ident, --channel and --target")
    return {described.package: described for described in found if described is not None}


def _needed(builder: Builder, roots: dict[Package, Described], jobs: int) -> dict[Package, Described]:
    """What the packages need beside themselves; their lists are transitive. Raises IdentUnclear."""
    needs = sorted({need for described in roots.values() for need in described.needs} - set(roots), key=str)
    found = each(needs, builder.find, jobs)
    missing = [str(need) for need, described in zip(needs, found, strict=True) if described is None]
    if missing:
        raise IdentUnclear(f"{builder} lacks what they need: {', '.join(missing)}; without --deps it is left out")
    return {described.package: described for described in found if described is not None}


def _fetch_all(
    builder: Builder, found: dict[Package, Described], to: Path, watch: Watch, jobs: int
) -> tuple[list[Path], int]:
    def one(package: Package) -> None:
        fetched = fetch(builder, found[package], to / package.archive_name, watch)
        watch.say(f"fetched {package}" if fetched else f"skipped {package}, which is there")

    failed = in_order(dict.fromkeys(found, ()), one, jobs)
    for package, problem in failed.items():
        watch.say(f"failed: {package}: {problem}")
    return [to / package.archive_name for package in found if package not in failed], len(failed)
