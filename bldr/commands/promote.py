"""`bldr promote`: releases into a channel (packages.md 9.7, 9.9)."""

from typing import Any

import click

from bldr.channel_plan import Move
from bldr.client import Builder
from bldr.commands.moving import move_wanted, moving_options


@click.command()
@moving_options("Promote all that is in this channel of an origin.")
def promote(builder: Builder, **wanted: Any) -> None:
    """Put packages into CHANNEL, which is made if it is missing.

    The plan is shown first. With --from-channel write the origin in place of idents; without one the configured
    origin is meant.
    """
    move_wanted(builder, Move.PROMOTE, **wanted)
