"""What commands print: tables on a terminal, lines with tabs elsewhere, JSON where scripts ask for it."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bldr.errors import ChangeRefused
from chalicelib.core.hart_refusals import one_line

LONGEST_CELL = 500


def console() -> Console:
    """Standard output as it is now."""
    return Console(highlight=False, markup=False)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under headings, or bare lines for pipes."""
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
    """A value as JSON, for scripts."""
    click.echo(json.dumps(value, indent=2))


def demand_confirmation(question: str, yes: bool) -> None:
    """Ask, unless it was answered ahead. Raises ChangeRefused."""
    try:
        if yes or click.confirm(question, err=True):
            return
    except click.Abort:  # standard input ends without an answer
        click.echo(err=True)
    raise ChangeRefused("not confirmed, so nothing was changed; --yes goes ahead without asking")


def counted(count: int, what: str) -> str:
    """`1 package`, `2 packages`."""
    return f"{count} {what}{'' if count == 1 else 's'}"
