"""`bldr demote`: releases out of a channel (packages.md 9.8, 9.9)."""

from typing import Any

import click

from bldr.channel_plan import Move
from bldr.client import Builder
from bldr.commands.moving import move_wanted, moving_options


@click.command()
@moving_options("Take out of CHANNEL all that is in this channel of an origin.")
def demote(builder: Builder, **wanted: Any) -> None:
    """Take packages out of CHANNEL; they stay in the depot.

    The plan is shown first. With --from-channel write the origin in place of idents; without one the configured
    origin is meant.
    """
    move_wanted(builder, Move.DEMOTE, **wanted)
