"""`bldr jobs log`: print or follow the log of a job."""

import click

from bldr.builds import Builds
from bldr.client import Builder
from bldr.commands.options import builder_options
from bldr.errors import PackageMissing
from bldr.output import console


@click.command()
@click.argument("job")
@click.option("--group", "group_id", help="Job group that contains the job; then JOB is a package: origin/name.")
@click.option("-f", "--follow", is_flag=True, help="Print lines as they arrive, until the job has ended.")
@click.option("--color/--no-color", default=None, help="Keep colours. Default: only on a terminal.")
@builder_options
def log(builder: Builder, job: str, group_id: str | None, follow: bool, color: bool | None) -> None:
    """Print the log of JOB, the id of a job."""
    builds = Builds(builder)
    job_id = job if group_id is None else _job_of(builds, group_id, job)
    keeps_color = console().is_terminal if color is None else color
    for line in builds.lines(job_id, follow, keeps_color):
        click.echo(line, color=keeps_color)


def _job_of(builds: Builds, group_id: str, name: str) -> str:
    """Return the id of the job that builds a package in a group. Raises PackageMissing."""
    jobs = {project.name: project.job_id for project in builds.group(group_id).projects}
    if jobs.get(name, "0") == "0":
        raise PackageMissing(f"job group {group_id} has no job for {name} yet")
    return jobs[name]
