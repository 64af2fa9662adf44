"""`bldr sync`: packages with all they need, or channels, from one Builder or folder to another."""

from pathlib import Path
from typing import Any

import click

from bldr import configuration
from bldr.builder_place import BuilderPlace
from bldr.commands.options import TargetType, builder_for, jobs_option, json_option, token_file, yes_option
from bldr.configuration import side_variable
from bldr.errors import ChangeRefused, StepsFailed
from bldr.folder_place import FolderPlace
from bldr.gathering import Asked, gather, lacking, look_around
from bldr.mirroring import mirror
from bldr.output import console, counted, demand_confirmation, show_json, show_table
from bldr.packages import STABLE, Package
from bldr.progress import watching
from bldr.sync_plan import SyncPlan, demand_prunable
from bldr.wanted import Wanted, host_target
from chalicelib.core.ident import is_origin_name
from chalicelib.core.target import Target

ADDRESSES = ("http://", "https://")


@click.command()
@click.argument("idents", nargs=-1, metavar="[IDENT...]")
@click.option("--from", "source", metavar="PLACE", help="URL of a Builder, or a folder; else the configured Builder.")
@click.option("--to", "destination", metavar="PLACE", help="The same.")
@click.option("--channel", "channels", multiple=True, metavar="ORIGIN/CHANNEL", help="All of a channel; repeatable.")
@click.option(
    "--target", "targets", type=TargetType(), multiple=True, help="Else all of a channel, this machine's of idents."
)
@click.option(
    "--latest-in", default=STABLE, show_default=True, metavar="CHANNEL", help="Where partial idents are resolved."
)
@click.option(
    "--keep-channels", is_flag=True, help="Promote the idents to the channels that they are in at the source."
)
@click.option("--no-deps", is_flag=True, help="Without what they need.")
@click.option("--create-origins", is_flag=True, help="Create origins that the destination lacks.")
@click.option("--prune", is_flag=True, help="Take out of mirrored channels what is not in them at the source.")
@click.option("--dry-run", is_flag=True, help="Show the plan only.")
@click.option("--from-token-file", type=token_file, help=f"Else {side_variable('from')}.")
@click.option("--to-token-file", type=token_file, help=f"Else {side_variable('to')}.")
@json_option
@yes_option
@jobs_option
def sync(**options: Any) -> None:
    """Mirror packages with everything they need, and channels.

    Folders hold harts/, keys/ and manifest.json, to be carried where no network leads; a folder as source is taken as
    a whole unless idents or channels are named. The plan is shown first. Nothing is ever deleted; only --prune takes
    packages out of channels. What was interrupted is simply started again.
    """
    jobs, prune = options["jobs"], options["prune"]
    source, destination = _places(options)
    asked = _asked(options, source)
    if prune:
        demand_prunable(asked.channels)
    wish, missing = gather(asked, source, host_target(), jobs)
    there = look_around(asked, wish, destination, prune, jobs)
    plan = SyncPlan.of(wish, there, prune)
    absent = lacking(missing, destination, jobs)
    _show(plan, absent, options)
    if options["dry_run"]:
        return
    if plan.demotions:
        demand_confirmation(f"Take {counted(len(plan.demotions), 'package')} out of channels?", options["yes"])
    origins = sorted({each.package.origin for each in plan.transfers})
    destination.demand_origins(origins, options["create_origins"])
    with watching(console()) as watch:
        broken = mirror(plan, wish, source, destination, watch, jobs) + len(plan.conflicts)
    if broken:
        raise StepsFailed(f"{counted(broken, 'step')} failed; the same command goes on from here")


def _places(options: dict[str, Any]) -> tuple[BuilderPlace | FolderPlace, BuilderPlace | FolderPlace]:
    if options["source"] == options["destination"]:
        raise ChangeRefused("source and destination are the same; name two places with --from and --to")
    source = _place("from", options["source"], options["from_token_file"], options["jobs"])
    return source, _place("to", options["destination"], options["to_token_file"], options["jobs"])


def _place(side: str, named: str | None, token: Path | None, jobs: int) -> BuilderPlace | FolderPlace:
    if named is None:
        return BuilderPlace(builder_for(configuration.credentials(None, token), jobs))
    if named.startswith(ADDRESSES):
        return BuilderPlace(builder_for(configuration.side_credentials(side, named, token), jobs))
    return FolderPlace(Path(named), is_source=side == "from")


def _asked(options: dict[str, Any], source: BuilderPlace | FolderPlace) -> Asked:
    targets: tuple[Target, ...] = options["targets"]
    asked = Asked(
        tuple(map(Wanted.parse, options["idents"])),
        (),
        tuple(map(_channel, options["channels"])),
        targets,
        options["latest_in"],
        options["keep_channels"],
        not options["no_deps"],
    )
    if asked.idents or asked.channels:
        return asked
    if not isinstance(source, FolderPlace):
        raise ChangeRefused("nothing to mirror is named; write idents, or --channel ORIGIN/CHANNEL")
    everything = [each for each in source.everything() if asked.takes(each.package)]
    pairs = sorted({(each.package.origin, channel) for each in everything for channel in each.channels})
    return Asked((), tuple(each.package for each in everything), tuple(pairs), targets, with_deps=asked.with_deps)


def _channel(text: str) -> tuple[str, str]:
    origin, slash, channel = text.partition("/")
    if not (slash and channel and "/" not in channel and is_origin_name(origin)):
        raise ChangeRefused(f"'{text}' is no channel; write ORIGIN/CHANNEL")
    return origin, channel


def _show(plan: SyncPlan, absent: list[Package], options: dict[str, Any]) -> None:
    rows = [
        *(("transfer", str(each.package)) for each in plan.transfers),
        *(("create channel", f"{origin}/{channel}") for origin, channel in plan.channels),
        *(("promote", f"{each.package} to {each.channel}") for each in plan.promotions),
        *(("demote", f"{each.package} from {each.channel}") for each in plan.demotions),
        *(("conflict", f"{package} is there with other bytes and left alone") for package in plan.conflicts),
        *(("missing", f"{package} is needed, but neither here nor there") for package in absent),
    ]
    if options["as_json"]:
        show_json([{"step": step, "what": what} for step, what in rows])
        return
    show_table(["step", "what"], rows)
    nothing = "nothing to do, " if plan.is_empty else ""
    click.echo(f"{nothing}{counted(len(plan.transfers), 'transfer')}, {plan.settled} there already")
