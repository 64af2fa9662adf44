"""Options that several commands share, and their values as types of ours."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bldr import configuration
from bldr.client import Builder
from bldr.configuration import Credentials
from bldr.wire import PATIENT, Patience, Wire
from chalicelib.core.target import Target

MOST_JOBS = 32

Command = Callable[..., Any]


class TargetType(click.ParamType[Target]):
    """One of the seven targets."""

    name = "target"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        """The target that a text names."""
        if value not in list(Target):
            self.fail(f"'{value}' is no target; it is one of {', '.join(Target)}", param, ctx)
        return Target(value)


jobs_option = click.option(
    "--jobs", type=click.IntRange(1, MOST_JOBS), default=4, show_default=True, help="How many things at a time."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Go ahead without asking.")
token_file = click.Path(exists=False, dir_okay=False, path_type=Path, allow_dash=True)


def builder_options(command: Command) -> Command:
    """Give a command a `builder`: the configured one, or that of `--url` and `--token-file`."""

    @click.option("-u", "--url", metavar="URL", help="The Builder; else HAB_BLDR_URL, else hab's cli.toml.")
    @click.option(
        "--token-file", type=token_file, help="A file with the token, - for standard input; else HAB_AUTH_TOKEN."
    )
    @wraps(command)
    def with_builder(*args: Any, url: str | None, token_file: Path | None, **options: Any) -> Any:
        credentials = configuration.credentials(url, token_file)
        return command(*args, builder=builder_for(credentials, options.get("jobs", 4)), **options)

    return with_builder


def builder_for(credentials: Credentials, jobs: int) -> Builder:
    """A client; a context's `obj` may say how patient it is."""
    patience = click.get_current_context().find_object(Patience) or PATIENT
    return Builder(Wire(credentials, patience), jobs)
