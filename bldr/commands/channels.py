"""`bldr channels`: list the channels of an origin or of one release."""

import click
from msgspec import structs

from bldr.client import Builder
from bldr.commands.options import TargetType, builder_options, json_option
from bldr.errors import PackageMissing
from bldr.output import show_json, show_table
from bldr.packages import Package
from bldr.requested_ident import full_ident
from chalicelib.core.target import Target


@click.command()
@click.argument("origin_or_ident")
@click.option(
    "--target",
    "targets",
    type=TargetType(),
    multiple=True,
    help="Only this target of the release; repeatable. Default: all its targets.",
)
@click.option("--sandbox", is_flag=True, help="Include the channels of job groups.")
@json_option
@builder_options
def channels(builder: Builder, origin_or_ident: str, targets: tuple[Target, ...], sandbox: bool, as_json: bool) -> None:
    """List the channels of an ORIGIN, or the channels that contain the release with a full IDENT."""
    if "/" in origin_or_ident:
        _show_channels_of_release(builder, packages_of_release(builder, origin_or_ident, targets, "channels"), as_json)
    else:
        _show_channels_of_origin(builder, origin_or_ident, builder.channels(origin_or_ident, sandbox), as_json)


def packages_of_release(builder: Builder, text: str, targets: tuple[Target, ...], command: str) -> list[Package]:
    """Return the packages of a release, for some targets or for all. Raises IdentInvalid, PackageMissing."""
    ident = full_ident(text, command)
    existing = builder.targets(ident.origin, ident.name).get(ident, [])
    packages = [Package(ident, target) for target in existing if not targets or target in targets]
    if not packages:
        requested = f" for {', '.join(targets)}" if targets else ""
        hint = (
            f"it exists for {', '.join(existing)}" if existing else "check the ident, and whether the token may see it"
        )
        raise PackageMissing(f"{builder} has no {ident}{requested}; {hint}")
    return packages


def _show_channels_of_origin(builder: Builder, origin: str, names: list[str], as_json: bool) -> None:
    if as_json:
        show_json([{"name": name} for name in names])
        return
    if not names:
        click.echo(f"{builder} has no origin {origin}", err=True)
    show_table(["channel"], [[name] for name in names])


def _show_channels_of_release(builder: Builder, packages: list[Package], as_json: bool) -> None:
    rows = [(package.target, row) for package in packages for row in builder.channels_of(package)]
    if as_json:
        show_json([{"target": target, **structs.asdict(row)} for target, row in rows])
        return
    show_table(["target", "channel", "promoted at"], [[target, row.name, row.promoted_at] for target, row in rows])
