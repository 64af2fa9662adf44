"""Promotion and demotion, which differ in one word: the plan first, then the question, then the steps."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import click

from bldr.channel_plan import ChannelPlan, Move
from bldr.client import Builder
from bldr.commands.channels import existing
from bldr.commands.options import Command, TargetType, builder_options, jobs_option, yes_option
from bldr.configuration import default_origin
from bldr.crew import each, in_order
from bldr.errors import ChangeRefused, StepsFailed
from bldr.output import counted, demand_confirmation, show_table
from bldr.packages import Package
from chalicelib.core.target import Target


def moving_options(source_help: str) -> Callable[[Command], Command]:
    """What both commands are told: idents and a channel, or a whole channel, and the usual options."""
    options = (
        click.argument("names", nargs=-1, metavar="[IDENT...]"),
        click.argument("channel"),
        click.option("--from-channel", "source", metavar="SRC", help=source_help),
        click.option(
            "--target", "targets", type=TargetType(), multiple=True, help="Only these; else all that a release has."
        ),
        yes_option,
        jobs_option,
        builder_options,
    )
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


def move_wanted(builder: Builder, move: Move, *, source: str | None, **wanted: Any) -> None:
    """Move what is named, or all of a source channel. Raises IdentUnclear, ChangeRefused, StepsFailed."""
    if source is None:
        move_named(builder, move, **wanted)
    else:
        move_channel(builder, move, source=source, **wanted)


def move_named(
    builder: Builder,
    move: Move,
    names: tuple[str, ...],
    channel: str,
    targets: tuple[Target, ...],
    yes: bool,
    jobs: int,
) -> None:
    """Move releases that are named one by one. Raises IdentUnclear, ChangeRefused, StepsFailed."""
    if not names:
        raise ChangeRefused(f"nothing to {move} is named; write full idents in front of the channel")
    wanted = [package for name in names for package in existing(builder, name, targets, move)]
    there = each(wanted, lambda package: builder.find(package, channel) is not None, jobs)
    members = [package for package, is_in in zip(wanted, there, strict=True) if is_in]
    plan = ChannelPlan.of(move, channel, wanted, members)
    if _is_agreed(plan, yes):
        _one_by_one(builder, plan, jobs)


def move_channel(  # noqa: PLR0913 - one per option
    builder: Builder,
    move: Move,
    names: tuple[str, ...],
    source: str,
    channel: str,
    targets: tuple[Target, ...],
    *,
    yes: bool,
    jobs: int,
) -> None:
    """Move what is in one channel, all of it in one go unless only some targets are meant. Raises ChangeRefused."""
    if len(names) > 1 or any("/" in name for name in names):
        raise ChangeRefused("with --from-channel write the origin and the channel, no idents")
    if source == channel:
        raise ChangeRefused(f"{source} cannot be moved onto itself; name two channels")
    origin = names[0] if names else default_origin(f"channel {source}")
    if source not in builder.channels(origin, with_groups=True):
        raise ChangeRefused(f"{builder} has no channel {source} in origin {origin}")
    wanted = [package for package in builder.members(origin, source) if not targets or package.target in targets]
    plan = ChannelPlan.of(move, channel, wanted, builder.members(origin, channel))
    if not _is_agreed(plan, yes):
        return
    if targets:
        _one_by_one(builder, plan, jobs)
        return
    builder.move_all(origin, source, move, channel)
    click.echo(_done(plan, len(plan.changes)))


def _is_agreed(plan: ChannelPlan, yes: bool) -> bool:
    """Show what would change, and ask; False when nothing would."""
    settled = "is there" if plan.move is Move.PROMOTE else "is not there"
    steps = dict.fromkeys(plan.changes, str(plan.move)) | dict.fromkeys(plan.settled, settled)
    rows = [[str(package.ident), str(package.target), step] for package, step in steps.items()]
    show_table(["package", "target", f"channel {plan.channel}"], rows)
    if not plan.changes:
        click.echo(f"nothing to {plan.move}: {plan.channel} is as wished already")
        return False
    demand_confirmation(f"{plan.move.capitalize()} {counted(len(plan.changes), 'package')}?", yes)
    return True


def _one_by_one(builder: Builder, plan: ChannelPlan, jobs: int) -> None:
    def step(package: Package) -> None:
        if plan.move is Move.PROMOTE:
            builder.promote(package, plan.channel)
        else:
            builder.demote(package, plan.channel)

    if plan.move is Move.PROMOTE:
        for origin in plan.origins:
            builder.create_channel(origin, plan.channel)
    failed = in_order(dict.fromkeys(plan.changes, ()), step, jobs)
    for problem in failed.values():
        click.echo(f"failed: {problem}", err=True)
    click.echo(_done(plan, len(plan.changes) - len(failed)))
    if failed:
        raise StepsFailed(
            f"{len(failed)} of {counted(len(plan.changes), 'package')} failed; the same command tries again"
        )


def _done(plan: ChannelPlan, count: int) -> str:
    word = "promoted to" if plan.move is Move.PROMOTE else "demoted from"
    return f"{counted(count, 'package')} {word} {plan.channel}"
