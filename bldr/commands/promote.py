"""`bldr promote`: releases into a channel (packages.md 9.7, 9.9)."""

import click

from bldr.channel_plan import Move
from bldr.client import Builder
from bldr.commands.moving import move_channel, move_named
from bldr.commands.options import TargetType, builder_options, jobs_option, yes_option
from chalicelib.core.target import Target


@click.command()
@click.argument("names", nargs=-1, metavar="[IDENT...]")
@click.argument("channel")
@click.option("--from-channel", "source", metavar="SRC", help="Promote all that is in this channel of an origin.")
@click.option("--target", "targets", type=TargetType(), multiple=True, help="Only these; else all that a release has.")
@yes_option
@jobs_option
@builder_options
def promote(
    builder: Builder,
    names: tuple[str, ...],
    channel: str,
    source: str | None,
    targets: tuple[Target, ...],
    yes: bool,
    jobs: int,
) -> None:
    """Put packages into CHANNEL, which is made if it is missing.

    The plan is shown first. With --from-channel write the origin in place of idents; without one the configured
    origin is meant.
    """
    if source is None:
        move_named(builder, Move.PROMOTE, names, channel, targets, yes, jobs)
    else:
        move_channel(builder, Move.PROMOTE, names, source, channel, targets, yes=yes, jobs=jobs)
