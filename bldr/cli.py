"""The commands under one name, and how an error is said: one line on standard error."""

from typing import IO, Any

import click

from bldr import __version__
from bldr.commands.channels import channels
from bldr.commands.demote import demote
from bldr.commands.download import download
from bldr.commands.promote import promote
from bldr.commands.search import search
from bldr.commands.sync import sync
from bldr.commands.tokens import tokens
from bldr.commands.upload import upload
from bldr.errors import BldrError


class Said(click.ClickException):
    """An error of ours as click ends a command with it: exit code 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """One line, that names the program."""
        click.echo(f"bldr: {self.message}", file=file, err=file is None)


class Commands(click.Group):
    """A group that turns our errors into click's."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises Said."""
        try:
            return super().invoke(ctx)
        except BldrError as problem:
            raise Said(str(problem)) from problem


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="bldr")
def bldr() -> None:
    """Work with a Habitat Builder: move packages in and out, promote them, mirror them, make tokens.

    The Builder is HAB_BLDR_URL, the token HAB_AUTH_TOKEN; without them hab's own cli.toml is read.
    """


for command in (upload, download, promote, demote, sync, search, channels, tokens):
    bldr.add_command(command)
