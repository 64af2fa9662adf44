"""Output of commands: tables on a terminal, tab-separated lines in a pipe, JSON for scripts."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bldr.errors import ChangeRefused
from chalicelib.core.harts.hart_refusals import one_line

LONGEST_CELL = 500


def console() -> Console:
    """Return a console for the current standard output."""
    return Console(highlight=False, markup=False)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table with headings on a terminal, else tab-separated lines without headings."""
    cells = [[one_line(cell, LONGEST_CELL) for cell in row] for row in rows]
    screen = console()
    if not screen.is_terminal:
        for row in cells:
            click.echo("\t".join(row))
        return
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in cells:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    screen.print(table)


def show_json(value: Any) -> None:
    """Print a value as JSON. Structs become objects."""
    click.echo(json.dumps(msgspec.to_builtins(value), indent=2))


def require_confirmation(question: str, yes: bool) -> None:
    """Ask the user to confirm, unless `--yes` was passed. Raises ChangeRefused."""
    try:
        if yes or click.confirm(question, err=True):
            return
    except click.Abort:  # standard input ended without an answer
        click.echo(err=True)
    raise ChangeRefused("not confirmed, so nothing was changed; pass --yes to skip the question")


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 package`, `2 packages`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
