"""`bldr demote`: releases out of a channel (packages.md 9.8, 9.9)."""

import click

from bldr.channel_plan import Move
from bldr.client import Builder
from bldr.commands.moving import move_channel, move_named
from bldr.commands.options import TargetType, builder_options, jobs_option, yes_option
from chalicelib.core.target import Target


@click.command()
@click.argument("names", nargs=-1, metavar="[IDENT...]")
@click.argument("channel")
@click.option(
    "--from-channel", "source", metavar="SRC", help="Take out of CHANNEL all that is in this channel of an origin."
)
@click.option("--target", "targets", type=TargetType(), multiple=True, help="Only these; else all that a release has.")
@yes_option
@jobs_option
@builder_options
def demote(
    builder: Builder,
    names: tuple[str, ...],
    channel: str,
    source: str | None,
    targets: tuple[Target, ...],
    yes: bool,
    jobs: int,
) -> None:
    """Take packages out of CHANNEL; they stay in the depot.

    The plan is shown first. With --from-channel write the origin in place of idents; without one the configured
    origin is meant.
    """
    if source is None:
        move_named(builder, Move.DEMOTE, names, channel, targets, yes, jobs)
    else:
        move_channel(builder, Move.DEMOTE, names, source, channel, targets, yes=yes, jobs=jobs)
