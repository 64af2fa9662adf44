"""`bldr promote` and `bldr demote`: show the plan, ask for confirmation, change the channel (packages.md 9.7-9.9)."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import click
from msgspec import Struct

from bldr.channel_plan import ChannelOperation, ChannelPlan
from bldr.client import Builder
from bldr.commands.channels import packages_of_release
from bldr.commands.options import Command, TargetType, builder_options, jobs_option, yes_option
from bldr.config import default_origin
from bldr.errors import ChangeRefused, StepsFailed
from bldr.output import counted, require_confirmation, show_table
from bldr.packages import Package
from bldr.parallel import run_all
from chalicelib.core.target import Target


class _Options(Struct, frozen=True):
    names: tuple[str, ...]
    channel: str
    source: str | None
    targets: tuple[Target, ...]
    yes: bool
    jobs: int


def _operation_options(source_help: str) -> Callable[[Command], Command]:
    """Add the arguments and options that both commands have."""
    options = (
        click.argument("names", nargs=-1, metavar="[IDENT...]"),
        click.argument("channel"),
        click.option("--from-channel", "source", metavar="SRC", help=source_help),
        click.option(
            "--target",
            "targets",
            type=TargetType(),
            multiple=True,
            help="Only this target; repeatable. Default: all targets of a release.",
        ),
        yes_option,
        jobs_option,
        builder_options,
    )
    return lambda command: reduce(lambda decorated, option: option(decorated), reversed(options), command)


@click.command()
@_operation_options("Promote all packages in this channel. Write an origin in place of IDENT.")
def promote(builder: Builder, **options: Any) -> None:
    """Promote packages to CHANNEL, which is created if it does not exist.

    The plan is shown first. With --from-channel, IDENT is the name of an origin; the default is the configured origin.
    """
    _run(builder, ChannelOperation.PROMOTE, _Options(**options))


@click.command()
@_operation_options("Demote all packages that are in this channel. Write an origin in place of IDENT.")
def demote(builder: Builder, **options: Any) -> None:
    """Demote packages from CHANNEL. They stay in the depot.

    The plan is shown first. With --from-channel, IDENT is the name of an origin; the default is the configured origin.
    """
    _run(builder, ChannelOperation.DEMOTE, _Options(**options))


def _run(builder: Builder, operation: ChannelOperation, options: _Options) -> None:
    if options.source is None:
        _change_named_packages(builder, operation, options)
    else:
        _change_by_channel(builder, operation, options, options.source)


def _change_named_packages(builder: Builder, operation: ChannelOperation, options: _Options) -> None:
    if not options.names:
        raise ChangeRefused(f"there is nothing to {operation}; write full idents before the channel")
    packages = [
        package for name in options.names for package in packages_of_release(builder, name, options.targets, operation)
    ]
    plan = ChannelPlan.of(operation, options.channel, packages, builder.packages_in(packages, options.channel))
    if _is_confirmed(plan, options.yes):
        _change_one_by_one(builder, plan, options.jobs)


def _change_by_channel(builder: Builder, operation: ChannelOperation, options: _Options, source: str) -> None:
    """Change all packages of a source channel: in one request, or one by one if only some targets are meant."""
    origin = _origin_of(builder, options, source)
    packages = [
        package
        for package in builder.members(origin, source)
        if not options.targets or package.target in options.targets
    ]
    plan = ChannelPlan.of(operation, options.channel, packages, builder.members(origin, options.channel))
    if not _is_confirmed(plan, options.yes):
        return
    if options.targets:
        _change_one_by_one(builder, plan, options.jobs)
        return
    if operation is ChannelOperation.PROMOTE:
        builder.promote_channel(origin, source, options.channel)
    else:
        builder.demote_channel(origin, source, options.channel)
    click.echo(_result(plan, len(plan.changes)))


def _origin_of(builder: Builder, options: _Options, source: str) -> str:
    """Return the origin of a source channel. Raises ChangeRefused, NotConfigured."""
    if len(options.names) > 1 or any("/" in name for name in options.names):
        raise ChangeRefused("--from-channel takes an origin and a channel, not idents")
    if source == options.channel:
        raise ChangeRefused(f"{source} cannot be its own source; name two different channels")
    origin = options.names[0] if options.names else default_origin(f"channel {source}")
    if source not in builder.channels(origin, with_build_groups=True):
        raise ChangeRefused(f"{builder} has no channel {source} in origin {origin}")
    return origin


def _is_confirmed(plan: ChannelPlan, yes: bool) -> bool:
    """Show the plan and ask for confirmation; return False if there is nothing to do. Raises ChangeRefused."""
    state = "already there" if plan.operation is ChannelOperation.PROMOTE else "not there"
    steps = dict.fromkeys(plan.changes, str(plan.operation)) | dict.fromkeys(plan.unchanged, state)
    rows = [[str(package.ident), str(package.target), step] for package, step in steps.items()]
    show_table(["package", "target", f"channel {plan.channel}"], rows)
    if not plan.changes:
        click.echo(f"nothing to {plan.operation}")
        return False
    require_confirmation(f"{plan.operation.capitalize()} {counted(len(plan.changes), 'package')}?", yes)
    return True


def _change_one_by_one(builder: Builder, plan: ChannelPlan, jobs: int) -> None:
    is_promotion = plan.operation is ChannelOperation.PROMOTE
    for origin in plan.origins if is_promotion else ():
        builder.create_channel(origin, plan.channel)

    def change(package: Package) -> None:
        if is_promotion:
            builder.promote(package, plan.channel)
        else:
            builder.demote(package, plan.channel)

    errors = run_all(plan.changes, change, jobs)
    for error in errors.values():
        click.echo(f"failed: {error}", err=True)
    click.echo(_result(plan, len(plan.changes) - len(errors)))
    if errors:
        total = counted(len(plan.changes), "package")
        raise StepsFailed(f"{len(errors)} of {total} failed; run the same command again to retry")


def _result(plan: ChannelPlan, count: int) -> str:
    change = "promoted to" if plan.operation is ChannelOperation.PROMOTE else "demoted from"
    return f"{counted(count, 'package')} {change} {plan.channel}"
