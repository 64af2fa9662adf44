"""`bldr tokens`: list, create and revoke the named tokens of an account (accounts.md 3.4)."""

import os
from pathlib import Path

import click

from bldr.client import Builder
from bldr.commands.options import builder_options, json_option
from bldr.errors import PathUnusable
from bldr.http_transport import Request
from bldr.output import show_json, show_table
from bldr.responses import GeneratedToken, TokenList, TokenRow
from chalicelib.core.tokens.token_scope import Scope

TOKENS = ("profile", "tokens")
COLUMNS = ("id", "name", "scopes", "origin", "expires_at", "last_used_at")


@click.group()
def tokens() -> None:
    """List, create and revoke the named tokens of your account.

    Authenticate with a session or with the personal access token: a named token cannot manage tokens.
    """


@tokens.command("list")
@json_option
@builder_options
def list_tokens(builder: Builder, as_json: bool) -> None:
    """List your named tokens, without the tokens themselves."""
    rows = builder.transport.fetch(Request("GET", TOKENS, "list your tokens"), TokenList).tokens
    if as_json:
        show_json(rows)
        return
    show_table(COLUMNS, [[_cell(getattr(row, column)) for column in COLUMNS] for row in rows])


@tokens.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="Operations that the token permits; repeatable.",
)
@click.option("--origin", help="Restrict the token to one origin.")
@click.option(
    "--expires-in", type=click.IntRange(min=1), metavar="DAYS", help="Days of validity. Default: it does not expire."
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the token to a new file that only you can read.",
)
@json_option
@builder_options
def create(
    builder: Builder,
    name: str,
    scopes: tuple[str, ...],
    origin: str | None,
    expires_in: int | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """Create a token with the name NAME and print it. It cannot be shown again."""
    if save is not None and save.exists():
        raise PathUnusable(f"{save} already exists; choose a new file, so that no other token is lost")
    fields = {"name": name, "scopes": list(scopes), "origin": origin, "expires_in": expires_in}
    body = {field: value for field, value in fields.items() if value is not None}
    request = Request("POST", TOKENS, "create a token", json=body, accept=(201,), is_idempotent=False)
    generated = builder.transport.fetch(request, GeneratedToken)
    if save is not None:
        _write_secret(save, generated.token)
    if as_json:
        show_json(_without_token(generated) if save else generated)
        return
    click.echo(f"token {generated.id} was written to {save}" if save else generated.token)


@tokens.command()
@click.argument("token_id", metavar="ID")
@builder_options
def revoke(builder: Builder, token_id: str) -> None:
    """Revoke the token with this ID (see `bldr tokens list`). It is refused immediately."""
    request = Request("DELETE", (*TOKENS, token_id), f"revoke token {token_id}", accept=(200, 204))
    builder.transport.send(request)
    click.echo(f"revoked {token_id}")


def _write_secret(path: Path, text: str) -> None:
    """Write a new file that only its owner can read. Raises PathUnusable."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(f"{text}\n")
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be written ({problem.strerror}); revoke the token and try again") from None


def _without_token(generated: GeneratedToken) -> dict[str, object]:
    return {field: getattr(generated, field) for field in TokenRow.__struct_fields__}


def _cell(value: str | list[str] | None) -> str:
    return ", ".join(value) if isinstance(value, list) else value or ""
