"""`bldr jobs cancel`, `rebuild`, `promote` and `demote`: changes of a job group and of what it has built."""

import click

from bldr.build_shapes import BUILT, Group
from bldr.builds import Builds
from bldr.client import Builder
from bldr.commands.jobs.ids import GroupId, package_parts
from bldr.commands.jobs.watching import require_built, watch
from bldr.commands.options import Command, builder_options, yes_option
from bldr.errors import ChangeRefused
from bldr.output import counted, require_confirmation, show_table


@click.command()
@click.argument("group_id", type=GroupId())
@builder_options
def cancel(builder: Builder, group_id: str) -> None:
    """Cancel the job group GROUP_ID. What it has built stays in its channel."""
    builds = Builds(builder)
    builds.cancel(group_id)
    click.echo(f"job group {group_id} is {builds.group(group_id).state}")


@click.command()
@click.argument("group_id", type=GroupId())
@click.argument("names", nargs=-1, metavar="[ORIGIN/NAME...]")
@click.option("--watch", "watched", is_flag=True, help="Show the progress until the new group has ended.")
@builder_options
def rebuild(builder: Builder, group_id: str, names: tuple[str, ...], watched: bool) -> None:
    """Build what the ended job group GROUP_ID has not built, or the given packages, and what depends on them.

    The new group continues with what the old one has built.
    """
    for name in names:
        package_parts(name)
    builds = Builds(builder)
    new_id = builds.rebuild(group_id, list(names))
    if not new_id:
        click.echo(
            f"there is nothing to build: none of these packages is in job group {group_id}"
            if names
            else f"there is nothing to build: job group {group_id} has built everything"
        )
        return
    hint = "" if watched else f"; follow it with `bldr jobs status {new_id} --watch`"
    click.echo(f"job group {new_id} is queued{hint}")
    if watched:
        require_built(watch(builds, new_id))


def _change_of_channel(command: Command) -> click.Command:
    """Make a command that changes the channel of what a group has built."""
    for decorate in (
        builder_options,
        yes_option,
        click.argument("packages", nargs=-1, metavar="[PACKAGE...]"),
        click.argument("channel"),
        click.argument("group_id", type=GroupId()),
    ):
        command = decorate(command)
    return click.command()(command)


@_change_of_channel
def promote(builder: Builder, group_id: str, channel: str, packages: tuple[str, ...], yes: bool) -> None:
    """Promote what the job group GROUP_ID has built to CHANNEL: everything, or the given packages.

    PACKAGE is origin/name or a full ident. A missing channel is created.
    """
    _change(builder, "promote", group_id, channel, packages, yes)


@_change_of_channel
def demote(builder: Builder, group_id: str, channel: str, packages: tuple[str, ...], yes: bool) -> None:
    """Demote what the job group GROUP_ID has built from CHANNEL: everything, or the given packages.

    PACKAGE is origin/name or a full ident.
    """
    _change(builder, "demote", group_id, channel, packages, yes)


def _change(
    builder: Builder, operation: str, group_id: str, channel: str, packages: tuple[str, ...], yes: bool
) -> None:
    builds = Builds(builder)
    built = _built(builds.group(group_id), packages)
    show_table(["package", operation], [[ident, channel] for ident in built])
    require_confirmation(f"{operation.capitalize()} {counted(len(built), 'package')}?", yes)
    builds.change_channel(operation, group_id, channel, built)
    click.echo(f"{counted(len(built), 'package')} {operation}d")


def _built(group: Group, wanted: tuple[str, ...]) -> list[str]:
    """Return the idents that a group has built, or those of them that are wanted. Raises ChangeRefused."""
    built = {project.ident: project.name for project in group.projects if project.state == BUILT}
    missing = [package for package in wanted if package not in built and package not in built.values()]
    if missing:
        raise ChangeRefused(f"job group {group.id} has not built {', '.join(missing)}")
    if not built:
        raise ChangeRefused(f"job group {group.id} has built nothing")
    return [ident for ident, name in built.items() if not wanted or ident in wanted or name in wanted]
