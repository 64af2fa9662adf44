"""The `bldr` command with all its subcommands. Errors are printed on one line of standard error."""

from typing import IO, Any

import click

from bldr import __version__
from bldr.commands.channels import channels
from bldr.commands.download import download
from bldr.commands.jobs import jobs
from bldr.commands.promotions import demote, promote
from bldr.commands.search import search
from bldr.commands.sync import sync
from bldr.commands.tokens import tokens
from bldr.commands.upload import upload
from bldr.commands.worker import worker
from bldr.errors import BldrError


class CommandFailed(click.ClickException):
    """A BldrError as a click exception; the exit code is 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on one line after the name of the program."""
        click.echo(f"bldr: {self.message}", file=file, err=file is None)


class CommandGroup(click.Group):
    """A group of commands that converts BldrError to CommandFailed."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises CommandFailed."""
        try:
            return super().invoke(ctx)
        except BldrError as error:
            raise CommandFailed(str(error)) from error


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="bldr")
def bldr() -> None:
    """Upload, download, build, promote and mirror packages of a Habitat Builder, and manage access tokens.

    The Builder is HAB_BLDR_URL and the token is HAB_AUTH_TOKEN; without these variables hab's cli.toml is read.
    """


for command in (upload, download, promote, demote, sync, search, channels, jobs, tokens, worker):
    bldr.add_command(command)
