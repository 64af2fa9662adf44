"""`bldr search`: find packages by a search term (packages.md 6)."""

from itertools import islice

import click
from msgspec import structs

from bldr.client import Builder
from bldr.commands.options import builder_options, json_option
from bldr.output import show_json, show_table


@click.command()
@click.argument("term")
@click.option("--all", "all_releases", is_flag=True, help="List every release instead of names.")
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="Maximum number of rows.")
@json_option
@builder_options
def search(builder: Builder, term: str, all_releases: bool, limit: int, as_json: bool) -> None:
    """Find packages whose origin or name matches TERM.

    A slash separates terms. All of them must match; the last one matches as a prefix.
    """
    rows = list(islice(builder.search(term, all_releases), limit))
    if as_json:
        show_json(rows)
        return
    if not rows:
        click.echo(f"no package at {builder} matches '{term}'", err=True)
    show_table(["package"], [["/".join(filter(None, structs.astuple(row)))] for row in rows])
