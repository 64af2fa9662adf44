"""`bldr channels`: the channels of an origin, or those that one release is in."""

import click

from bldr.client import Builder
from bldr.commands.options import TargetType, builder_options, json_option
from bldr.errors import IdentUnclear
from bldr.output import show_json, show_table
from bldr.packages import Package
from bldr.wanted import full_ident
from chalicelib.core.target import Target


@click.command()
@click.argument("origin_or_ident")
@click.option(
    "--target", "targets", type=TargetType(), multiple=True, help="Only these; else all that the release has."
)
@click.option("--sandbox", is_flag=True, help="List the channels of build groups as well.")
@json_option
@builder_options
def channels(builder: Builder, origin_or_ident: str, targets: tuple[Target, ...], sandbox: bool, as_json: bool) -> None:
    """List the channels of an ORIGIN, or those that a full IDENT is in."""
    if "/" in origin_or_ident:
        _of_release(builder, origin_or_ident, targets, as_json)
        return
    found = builder.channels(origin_or_ident, sandbox)
    if as_json:
        show_json([{"name": name} for name in found])
        return
    if not found:
        click.echo(f"{builder} has no origin {origin_or_ident}", err=True)
    show_table(["channel"], [[name] for name in found])


def _of_release(builder: Builder, text: str, targets: tuple[Target, ...], as_json: bool) -> None:
    packages = existing(builder, text, targets, "channels")
    rows = [{"target": str(package.target), **row} for package in packages for row in builder.channels_of(package)]
    if as_json:
        show_json(rows)
        return
    columns = ("target", "name", "promoted_at")
    show_table(["target", "channel", "promoted at"], [[str(row.get(column, "")) for column in columns] for row in rows])


def existing(builder: Builder, text: str, targets: tuple[Target, ...], needed_by: str) -> list[Package]:
    """The packages of a full ident, for the wished targets or for all. Raises IdentUnclear."""
    ident = full_ident(text, needed_by)
    known = builder.targets(ident.origin, ident.name).get(ident, [])
    found = [Package(ident, target) for target in known if not targets or target in targets]
    if not found:
        wished = f" for {', '.join(targets)}" if targets else ""
        exists = f"; it exists for {', '.join(known)}" if known else "; is the ident right, may the token see it?"
        raise IdentUnclear(f"{builder} has no {ident}{wished}{exists}")
    return found
