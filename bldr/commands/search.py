"""`bldr search`: packages whose origin or name match a term (packages.md 6)."""

from itertools import islice

import click

from bldr.client import Builder
from bldr.commands.options import builder_options, json_option
from bldr.output import show_json, show_table


@click.command()
@click.argument("term")
@click.option("--all", "all_releases", is_flag=True, help="Every release, not only names.")
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="How many rows at most.")
@json_option
@builder_options
def search(builder: Builder, term: str, all_releases: bool, limit: int, as_json: bool) -> None:
    """Find packages whose origin or name matches TERM.

    Terms joined by / must all match, the last one as a beginning.
    """
    parts = ("origin", "name", "version", "release")
    found = [{part: row.get(part) for part in parts} for row in islice(builder.search(term, all_releases), limit)]
    if as_json:
        show_json(found)
        return
    if not found:
        click.echo(f"nothing at {builder} matches '{term}'", err=True)
    show_table(["package"], [["/".join(str(row[part]) for part in parts if row[part])] for row in found])
