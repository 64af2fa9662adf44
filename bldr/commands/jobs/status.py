"""`bldr jobs status`: one job group with its projects, or the newest groups of an origin."""

import time
from collections import Counter

import click
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bldr.builds import Builds, Group
from bldr.client import Builder
from bldr.commands.options import builder_options, json_option
from bldr.config import default_origin
from bldr.errors import ChangeRefused, StepsFailed
from bldr.output import console, show_json, show_table

SECONDS_BETWEEN_READS = 2.0
STYLES = {
    "Success": ("+", "green"),
    "Failure": ("x", "red"),
    "Skipped": ("-", "yellow"),
    "Canceled": ("-", "yellow"),
    "NotFound": ("?", "yellow"),
    "InProgress": (">", "cyan"),
    "NotStarted": (".", "dim"),
}
"""A symbol and a colour for each state of a project."""


@click.command()
@click.argument("group_id", required=False)
@click.option("--origin", help="List the newest groups of this origin. Default: the configured origin.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Number of groups listed.")
@click.option("--watch", "watched", is_flag=True, help="Show the progress until the group has ended.")
@json_option
@builder_options
def status(
    builder: Builder, group_id: str | None, origin: str | None, limit: int, watched: bool, as_json: bool
) -> None:
    """Show the job group GROUP_ID and its projects, or list the newest groups of an origin.

    With --watch, the exit code is 1 if a build of the group failed.
    """
    builds = Builds(builder)
    if group_id is None:
        if watched:
            raise ChangeRefused("--watch needs the id of a job group")
        _show_groups(builds.groups(origin or default_origin("the job groups"), limit), as_json)
    elif watched:
        watch(builds, group_id)
    else:
        _show_group(builds.group(group_id), as_json)


def watch(builds: Builds, group_id: str) -> None:
    """Show the progress of a group until it has ended: a table on a terminal, else a line per change.

    Raises StepsFailed if a project was not built.
    """
    screen = console()
    group = builds.group(group_id)
    if screen.is_terminal:
        with Live(_table(group), console=screen, refresh_per_second=4) as live:
            while not group.has_ended:
                time.sleep(SECONDS_BETWEEN_READS)
                group = builds.group(group_id)
                live.update(_table(group))
    else:
        shown: dict[str, str] = {}
        while True:
            shown = _show_changes(group, shown)
            if group.has_ended:
                break
            time.sleep(SECONDS_BETWEEN_READS)
            group = builds.group(group_id)
    click.echo(summary(group))
    if any(project.state != "Success" for project in group.projects):
        raise StepsFailed(f"job group {group.id}: not everything was built; `bldr jobs log JOB` shows why")


def summary(group: Group) -> str:
    """Return the state of a group and the numbers of its projects by state."""
    counts = Counter(project.state for project in group.projects)
    numbers = ", ".join(f"{counts[state]} {state}" for state in STYLES if counts[state])
    return f"{group.state}: {numbers}" if numbers else group.state


def _show_groups(groups: list[Group], as_json: bool) -> None:
    if as_json:
        show_json(groups)
        return
    rows = [[each.id, each.state, each.project_name, each.target, each.created_at] for each in groups]
    show_table(["group", "state", "package", "target", "created at"], rows)


def _show_group(group: Group, as_json: bool) -> None:
    if as_json:
        show_json(group)
        return
    rows = [[each.name, each.state, each.ident or "-", _job(each.job_id)] for each in group.projects]
    show_table(["package", "state", "release", "job"], rows)
    click.echo(summary(group), err=not console().is_terminal)


def _show_changes(group: Group, shown: dict[str, str]) -> dict[str, str]:
    states = {project.name: project.state for project in group.projects}
    for project in group.projects:
        if shown.get(project.name) != project.state:
            click.echo(f"{project.name}\t{project.state}\t{_job(project.job_id)}")
    return states


def _table(group: Group) -> Table:
    table = Table("", "package", "state", "release", "job", box=None, pad_edge=False, header_style="bold")
    for project in group.projects:
        symbol, style = STYLES.get(project.state, ("?", ""))
        cells = (symbol, project.name, project.state, project.ident or "-", _job(project.job_id))
        table.add_row(*(Text(cell, style=style, overflow="fold") for cell in cells))
    return table


def _job(job_id: str) -> str:
    return "-" if job_id == "0" else job_id
