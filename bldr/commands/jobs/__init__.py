"""`bldr jobs`: build packages and what depends on them, follow the builds, and promote the results."""

import click

from bldr.commands.jobs.changes import cancel, demote, promote, rebuild
from bldr.commands.jobs.log import log
from bldr.commands.jobs.start import start
from bldr.commands.jobs.status import status


@click.group()
def jobs() -> None:
    """Build packages and what depends on them.

    A job group builds a package and its dependents in order, one job for each.
    """


for command in (start, status, log, cancel, rebuild, promote, demote):
    jobs.add_command(command)
