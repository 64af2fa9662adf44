"""`bldr tokens`: named tokens of one's account, each for some scopes (our addition `/v1/profile/tokens`)."""

import os
from pathlib import Path

import click

from bldr import answers
from bldr.client import Builder
from bldr.commands.options import builder_options, json_option
from bldr.errors import PathUnusable
from bldr.output import show_json, show_table
from chalicelib.core.token_scope import Scope

PATH = ("profile", "tokens")
COLUMNS = ("id", "name", "scopes", "origin", "expires_at", "last_used_at")


@click.group()
def tokens() -> None:
    """List, create and revoke named tokens of your account.

    They are made with a session or with the account's one access token, not with a named token.
    """


@tokens.command("list")
@json_option
@builder_options
def list_tokens(builder: Builder, as_json: bool) -> None:
    """List your tokens; their texts are shown only when they are made."""
    found = answers.rows(builder.wire.json("GET", *PATH, to="list your tokens")["tokens"])
    if as_json:
        show_json(found)
        return
    show_table(COLUMNS, [[_cell(row.get(column)) for column in COLUMNS] for row in found])


@tokens.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="Repeatable.",
)
@click.option("--origin", help="Good for this origin alone.")
@click.option("--expires-in", type=click.IntRange(min=1), metavar="DAYS", help="Else it does not expire.")
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), help="Write the token to a new file for your eyes only."
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
    """Make a token called NAME and print it, this once."""
    if save is not None and save.exists():
        raise PathUnusable(f"{save} is there already; a token goes to a new file, so that no other is lost")
    wish = {"name": name, "scopes": list(scopes), "origin": origin, "expires_in": expires_in}
    sent = {field: value for field, value in wish.items() if value is not None}
    made = builder.wire.json("POST", *PATH, to="make a token", json=sent, accept=(201,), repeatable=False)
    text = answers.text(made["token"])
    if save is not None:
        _write_secret(save, text)
        made = {field: value for field, value in made.items() if field != "token"}
    if as_json:
        show_json(made)
        return
    click.echo(f"token {made['id']} is in {save}" if save else text)


@tokens.command()
@click.argument("token_id", metavar="ID")
@builder_options
def revoke(builder: Builder, token_id: str) -> None:
    """End the token with this ID (see `bldr tokens list`), at once."""
    builder.wire.ask("DELETE", *PATH, token_id, to=f"revoke token {token_id}", accept=(200, 204))
    click.echo(f"revoked {token_id}")


def _write_secret(path: Path, text: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(f"{text}\n")
    except OSError as problem:
        raise PathUnusable(f"{path} cannot be written ({problem.strerror}); revoke the token and try again") from None


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
