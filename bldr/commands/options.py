"""Options that several commands share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from bldr import config
from bldr.client import Builder
from bldr.config import Credentials
from bldr.http_transport import DEFAULT_RETRIES, HttpTransport, RetryPolicy
from chalicelib.core.target import Target

DEFAULT_JOBS = 4
MOST_JOBS = 32

Command = Callable[..., Any]


class TargetType(click.ParamType[Target]):
    """The type of options whose value is a target."""

    name = "target"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        """Return the target, or fail with a usage error that lists all targets."""
        if value not in list(Target):
            self.fail(f"'{value}' is not a target; use one of {', '.join(Target)}", param, ctx)
        return Target(value)


jobs_option = click.option(
    "--jobs", type=click.IntRange(1, MOST_JOBS), default=DEFAULT_JOBS, show_default=True, help="Parallel operations."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
token_file_type = click.Path(exists=False, dir_okay=False, path_type=Path, allow_dash=True)


def builder_options(command: Command) -> Command:
    """Pass a `builder` to a command: the one of `--url` and `--token-file`, else the configured one."""

    @click.option("-u", "--url", metavar="URL", help="URL of the Builder. Default: HAB_BLDR_URL, then hab's cli.toml.")
    @click.option(
        "--token-file",
        type=token_file_type,
        help="File that contains the token; - is standard input. Default: HAB_AUTH_TOKEN, then hab's cli.toml.",
    )
    @wraps(command)
    def with_builder(*args: Any, url: str | None, token_file: Path | None, **options: Any) -> Any:
        transport = transport_to(config.credentials(url, token_file))
        return command(*args, builder=Builder(transport, options.get("jobs", DEFAULT_JOBS)), **options)

    return with_builder


def transport_to(credentials: Credentials) -> HttpTransport:
    """Return a transport to a Builder. The `obj` of the click context may override the retry policy."""
    retry_policy = click.get_current_context().find_object(RetryPolicy) or DEFAULT_RETRIES
    return HttpTransport(credentials, retry_policy)
