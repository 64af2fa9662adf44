"""`bldr sync`: mirror packages with their dependencies, and channels, from one Builder or folder to another."""

from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from bldr import config
from bldr.builder_location import BuilderLocation
from bldr.commands.options import TargetType, jobs_option, json_option, token_file_type, transport_to, yes_option
from bldr.config import sync_token_variable
from bldr.errors import ChangeRefused, StepsFailed
from bldr.folder_location import FolderLocation
from bldr.host import host_target
from bldr.output import console, counted, require_confirmation, show_json, show_table
from bldr.packages import STABLE, Package
from bldr.progress import progress_on
from bldr.requested_ident import RequestedIdent
from bldr.sync_execution import SyncExecution
from bldr.sync_plan import SyncPlan, require_prunable
from bldr.sync_request import SyncRequest, current_state, desired_state, missing_at
from chalicelib.core.ident import is_origin_name
from chalicelib.core.target import Target

URL_SCHEMES = ("http://", "https://")


class _Options(Struct, frozen=True):
    idents: tuple[str, ...]
    source: str | None
    destination: str | None
    channels: tuple[str, ...]
    targets: tuple[Target, ...]
    latest_in: str
    keep_channels: bool
    no_deps: bool
    create_origins: bool
    prune: bool
    dry_run: bool
    from_token_file: Path | None
    to_token_file: Path | None
    as_json: bool
    yes: bool
    jobs: int


@click.command()
@click.argument("idents", nargs=-1, metavar="[IDENT...]")
@click.option(
    "--from", "source", metavar="LOCATION", help="URL of a Builder, or a folder. Default: the configured Builder."
)
@click.option(
    "--to", "destination", metavar="LOCATION", help="URL of a Builder, or a folder. Default: the configured Builder."
)
@click.option(
    "--channel", "channels", multiple=True, metavar="ORIGIN/CHANNEL", help="Mirror a whole channel; repeatable."
)
@click.option(
    "--target",
    "targets",
    type=TargetType(),
    multiple=True,
    help="Only this target; repeatable. Default: this machine's target for idents, all targets for channels.",
)
@click.option(
    "--latest-in",
    default=STABLE,
    show_default=True,
    metavar="CHANNEL",
    help="Channel in which partial idents are resolved.",
)
@click.option("--keep-channels", is_flag=True, help="Promote the idents to the channels that they have at the source.")
@click.option("--no-deps", is_flag=True, help="Leave out dependencies.")
@click.option("--create-origins", is_flag=True, help="Create origins that the destination lacks.")
@click.option(
    "--prune", is_flag=True, help="Demote packages from mirrored channels if the source does not have them there."
)
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@click.option(
    "--from-token-file",
    type=token_file_type,
    help=f"File that contains the token of the source. Default: {sync_token_variable('from')}.",
)
@click.option(
    "--to-token-file",
    type=token_file_type,
    help=f"File that contains the token of the destination. Default: {sync_token_variable('to')}.",
)
@json_option
@yes_option
@jobs_option
def sync(**options: Any) -> None:
    """Mirror packages with all their dependencies, and channels.

    A folder contains harts/, keys/ and manifest.json and can be carried across an air gap. As a source it is mirrored
    completely unless idents or channels are named. The plan is shown first. Packages are never deleted; only --prune
    demotes packages. To continue after an interruption, run the same command again.
    """
    _sync(_Options(**options))


def _sync(options: _Options) -> None:
    source, destination = _locations(options)
    request = _request(options, source)
    if options.prune:
        require_prunable(request.channels)
    desired, lacking = desired_state(request, source, host_target(), options.jobs)
    current = current_state(request, desired, destination, options.prune, options.jobs)
    plan = SyncPlan.of(desired, current, options.prune)
    _show(plan, missing_at(destination, lacking, options.jobs), options.as_json)
    if options.dry_run:
        return
    if plan.demotions:
        require_confirmation(f"Demote {counted(len(plan.demotions), 'package')} from channels?", options.yes)
    destination.ensure_origins(sorted({details.package.origin for details in plan.transfers}), options.create_origins)
    with progress_on(console()) as progress:
        execution = SyncExecution(source, destination, progress, options.jobs)
        failures = execution.run(plan, desired) + len(plan.conflicts)
    if failures:
        raise StepsFailed(f"{counted(failures, 'step')} failed; run the same command again to continue")


def _locations(options: _Options) -> tuple[BuilderLocation | FolderLocation, BuilderLocation | FolderLocation]:
    if options.source == options.destination:
        raise ChangeRefused("source and destination are the same; name two locations with --from and --to")
    source = _location("from", options.source, options.from_token_file, options.jobs)
    return source, _location("to", options.destination, options.to_token_file, options.jobs)


def _location(
    side: str, url_or_folder: str | None, token_file: Path | None, jobs: int
) -> BuilderLocation | FolderLocation:
    if url_or_folder is None:
        return BuilderLocation(transport_to(config.credentials(None, token_file)), jobs)
    if url_or_folder.startswith(URL_SCHEMES):
        return BuilderLocation(transport_to(config.sync_credentials(side, url_or_folder, token_file)), jobs)
    return FolderLocation(Path(url_or_folder), is_source=side == "from")


def _request(options: _Options, source: BuilderLocation | FolderLocation) -> SyncRequest:
    request = SyncRequest(
        idents=tuple(map(RequestedIdent.parse, options.idents)),
        channels=tuple(map(_origin_and_channel, options.channels)),
        targets=options.targets,
        latest_in=options.latest_in,
        keep_channels=options.keep_channels,
        include_dependencies=not options.no_deps,
    )
    if request.idents or request.channels:
        return request
    if not isinstance(source, FolderLocation):
        raise ChangeRefused("there is nothing to mirror; write idents, or --channel ORIGIN/CHANNEL")
    return _whole_folder(source, request)


def _whole_folder(source: FolderLocation, request: SyncRequest) -> SyncRequest:
    """Return the request for all packages and channels of a folder, limited to the requested targets."""
    packages = [details for details in source.all_packages() if request.includes(details.package)]
    channels = {(details.package.origin, channel) for details in packages for channel in details.channels}
    return SyncRequest(
        packages=tuple(details.package for details in packages),
        channels=tuple(sorted(channels)),
        targets=request.targets,
        include_dependencies=request.include_dependencies,
    )


def _origin_and_channel(text: str) -> tuple[str, str]:
    origin, slash, channel = text.partition("/")
    if not (slash and channel and "/" not in channel and is_origin_name(origin)):
        raise ChangeRefused(f"'{text}' is not a channel; write ORIGIN/CHANNEL")
    return origin, channel


def _show(plan: SyncPlan, missing: list[Package], as_json: bool) -> None:
    rows = [
        *(("transfer", str(details.package)) for details in plan.transfers),
        *(("create channel", f"{origin}/{channel}") for origin, channel in plan.channels),
        *(("promote", f"{each.package} to {each.channel}") for each in plan.promotions),
        *(("demote", f"{each.package} from {each.channel}") for each in plan.demotions),
        *(("conflict", f"{package} exists with different bytes and is left unchanged") for package in plan.conflicts),
        *(("missing", f"{package} is a dependency that source and destination lack") for package in missing),
    ]
    if as_json:
        show_json([{"step": step, "what": detail} for step, detail in rows])
        return
    show_table(["step", "detail"], rows)
    nothing = "nothing to do, " if plan.is_empty else ""
    click.echo(f"{nothing}{counted(len(plan.transfers), 'transfer')}, {plan.up_to_date} up to date")
