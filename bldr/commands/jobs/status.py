"""`bldr jobs status`: one job group with its projects, or the newest groups of an origin."""

import click

from bldr.build_shapes import Group
from bldr.builds import Builds
from bldr.client import Builder
from bldr.commands.jobs.explaining import show_failures, show_waits
from bldr.commands.jobs.ids import GroupId
from bldr.commands.jobs.watching import require_built, shown_job, summary, watch, watch_silently
from bldr.commands.options import builder_options, json_option
from bldr.config import default_origin
from bldr.output import console, show_json, show_table


@click.command()
@click.argument("group_id", required=False, type=GroupId())
@click.option("--origin", help="List the newest groups of this origin. Default: the configured origin.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Number of groups listed.")
@click.option("--watch", "watched", is_flag=True, help="Show the progress until the group has ended.")
@json_option
@builder_options
def status(
    builder: Builder, group_id: str | None, origin: str | None, limit: int, watched: bool, as_json: bool
) -> None:
    """Show the job group GROUP_ID and its projects, or list the newest groups of an origin.

    Members of the origin also see why jobs wait and the last lines of failed builds, on standard error. With --watch,
    the exit code is 1 if something was not built.
    """
    builds = Builds(builder)
    if group_id is not None and origin is not None:
        raise click.UsageError("pass GROUP_ID or --origin, not both")
    if group_id is None:
        if watched:
            raise click.UsageError("--watch needs GROUP_ID")
        listed = origin or default_origin("the job groups", "pass --origin ORIGIN or GROUP_ID")
        _show_groups(builds.groups(listed, limit), listed, as_json)
    elif watched:
        require_built(_watched(builds, group_id, as_json))
    else:
        _show_group(builds, builds.group(group_id), as_json)


def _watched(builds: Builds, group_id: str, as_json: bool) -> Group:
    if not as_json:
        return watch(builds, group_id)
    group = watch_silently(builds, group_id)
    show_json(group)
    return group


def _show_groups(groups: list[Group], origin: str, as_json: bool) -> None:
    if as_json:
        show_json(groups)
        return
    if not groups:
        click.echo(f"there are no job groups of origin {origin}", err=True)
        return
    rows = [[each.id, each.state, each.project_name, each.target, each.created_at] for each in groups]
    show_table(["group", "state", "package", "target", "created at"], rows)


def _show_group(builds: Builds, group: Group, as_json: bool) -> None:
    if as_json:
        show_json(group)
        return
    rows = [[each.name, each.state, each.ident or "-", shown_job(each)] for each in group.projects]
    show_table(["package", "state", "release", "job"], rows)
    click.echo(summary(group), err=not console().is_terminal)
    show_waits(builds, group)
    show_failures(builds, group)
