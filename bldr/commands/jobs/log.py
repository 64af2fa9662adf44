"""`bldr jobs log`: print or follow the log of a job."""

import click

from bldr.builds import Builds
from bldr.client import Builder
from bldr.commands.jobs.ids import GroupId, is_id
from bldr.commands.options import builder_options
from bldr.errors import IdentInvalid, PackageMissing
from bldr.output import console
from bldr.terminal_text import RESET, is_colored, shown_line


@click.command()
@click.argument("job")
@click.option(
    "--group", "group_id", type=GroupId(), help="Job group that contains the job; then JOB is a package: origin/name."
)
@click.option("-f", "--follow", is_flag=True, help="Print lines as they arrive, until the job has ended.")
@click.option("--color/--no-color", default=None, help="Keep colours. Default: only on a terminal.")
@builder_options
def log(builder: Builder, job: str, group_id: str | None, follow: bool, color: bool | None) -> None:
    """Print the log of JOB, the id of a job. Control sequences other than colours are left out."""
    builds = Builds(builder)
    job_id = _checked_id(job) if group_id is None else _job_of(builds, group_id, job)
    keeps_color = console().is_terminal if color is None else color
    colored, is_empty = False, True
    try:
        for line in builds.lines(job_id, follow, keeps_color):
            shown = shown_line(line, keeps_color)
            colored |= is_colored(shown)
            is_empty = False
            click.echo(shown, color=keeps_color)
        if is_empty:
            click.echo(f"the log of job {job_id} has no lines yet", err=True)
    finally:
        if colored:  # a build that was cut off must not colour the prompt
            click.echo(RESET, nl=False, color=True)


def _checked_id(job: str) -> str:
    if not is_id(job):
        hint = "name its group for a package: `bldr jobs log ORIGIN/NAME --group GROUP_ID`"
        raise IdentInvalid(f"'{job}' is not the id of a job, which is a number; {hint}")
    return job


def _job_of(builds: Builds, group_id: str, name: str) -> str:
    """Return the id of the job that builds a package in a group. Raises PackageMissing."""
    projects = {project.name: project for project in builds.group(group_id).projects}
    if name not in projects:
        raise PackageMissing(f"job group {group_id} does not build '{name}'; `bldr jobs status {group_id}` lists it")
    if not projects[name].has_job:
        raise PackageMissing(f"job group {group_id} has no job for {name}: its state is {projects[name].state}")
    return projects[name].job_id
