"""`bldr jobs cancel`, `rebuild`, `promote` and `demote`: changes of a job group and of what it has built."""

import click

from bldr.builds import Builds, Group
from bldr.client import Builder
from bldr.commands.options import builder_options, yes_option
from bldr.errors import ChangeRefused
from bldr.output import counted, require_confirmation, show_table


@click.command()
@click.argument("group_id")
@builder_options
def cancel(builder: Builder, group_id: str) -> None:
    """Cancel the job group GROUP_ID. What it has built stays in its channel."""
    Builds(builder).cancel(group_id)
    click.echo(f"canceled {group_id}")


@click.command()
@click.argument("group_id")
@click.argument("names", nargs=-1, metavar="[ORIGIN/NAME...]")
@builder_options
def rebuild(builder: Builder, group_id: str, names: tuple[str, ...]) -> None:
    """Build what the ended job group GROUP_ID has not built, or the given packages, and what depends on them."""
    new_id = Builds(builder).rebuild(group_id, list(names))
    click.echo(f"job group {new_id} is queued" if new_id else "there is nothing to build")


@click.command()
@click.argument("group_id")
@click.argument("channel")
@click.argument("idents", nargs=-1, metavar="[IDENT...]")
@yes_option
@builder_options
def promote(builder: Builder, group_id: str, channel: str, idents: tuple[str, ...], yes: bool) -> None:
    """Promote what the job group GROUP_ID has built to CHANNEL: everything, or the given idents."""
    _change(builder, "promote", group_id, channel, list(idents), yes)


@click.command()
@click.argument("group_id")
@click.argument("channel")
@click.argument("idents", nargs=-1, metavar="[IDENT...]")
@yes_option
@builder_options
def demote(builder: Builder, group_id: str, channel: str, idents: tuple[str, ...], yes: bool) -> None:
    """Demote what the job group GROUP_ID has built from CHANNEL: everything, or the given idents."""
    _change(builder, "demote", group_id, channel, list(idents), yes)


def _change(builder: Builder, operation: str, group_id: str, channel: str, idents: list[str], yes: bool) -> None:
    builds = Builds(builder)
    built = _built(builds.group(group_id), idents)
    show_table(["package", operation], [[ident, channel] for ident in built])
    require_confirmation(f"{operation.capitalize()} {counted(len(built), 'package')}?", yes)
    builds.change_channel(operation, group_id, channel, built)
    click.echo(f"{counted(len(built), 'package')} {operation}d")


def _built(group: Group, idents: list[str]) -> list[str]:
    """Return the idents that a group has built, or those of them that are wanted. Raises ChangeRefused."""
    built = [project.ident for project in group.projects if project.state == "Success"]
    missing = [ident for ident in idents if ident not in built]
    if missing:
        raise ChangeRefused(f"job group {group.id} has not built {', '.join(missing)}")
    if not built:
        raise ChangeRefused(f"job group {group.id} has built nothing")
    return idents or built
