"""Why a job group waits, and why its builds failed, as members of its origin see it."""

from itertools import islice

import click

from bldr.build_shapes import BUILT, FAILED, MISSING, SKIPPED, Group, ProjectProgress
from bldr.builds import Builds
from bldr.output import LONGEST_CELL
from bldr.terminal_text import shown_line
from chalicelib.core.harts.hart_refusals import one_line

FAILURES_SHOWN = 5
LINES_SHOWN = 10


def show_waits(builds: Builds, group: Group) -> None:
    """Print why jobs of a group do not run. Prints nothing for callers who may not know."""
    for wait in [] if group.has_ended else builds.waits(group.id):
        click.echo(f"waiting: {one_line(wait.text, LONGEST_CELL)}", err=True)


def show_failures(builds: Builds, group: Group) -> None:
    """Print the step and the last lines of the first builds that failed. Prints nothing for others than members."""
    failed = [project.name for project in group.projects if project.state == FAILED]
    if not failed:
        _show_unbuilt(group)
        return
    shown = list(islice(builds.failures(group.id), FAILURES_SHOWN))
    for project in shown:
        _show_failure(project)
    if shown and len(failed) > len(shown):
        click.echo(f"\n{len(failed) - len(shown)} more failed", err=True)


def _show_unbuilt(group: Group) -> None:
    """Print why packages have no build, in a group in which no build failed (builds.md 8.4).

    Projects are in build order, so the first skipped one does not wait for another skipped one.
    """
    names: dict[str, list[str]] = {}
    for project in group.projects:
        names.setdefault(project.state, []).append(project.name)
    if MISSING in names:
        shown, reason = names[MISSING][0], "its latest release was deleted after the group was made"
        advice = f"`bldr jobs rebuild {group.id}` builds it"
    elif set(names) <= {BUILT, SKIPPED} and SKIPPED in names:
        shown, reason = names[SKIPPED][0], f"it has no project for {group.target}"
        advice = "connect it with a plan first: POST /v1/projects, or in the web UI"
    else:
        return
    text = f"{shown} was not built, nor what needs it: {reason}; {advice}"
    click.echo(f"\n{one_line(text, LONGEST_CELL)}", err=True)


def _show_failure(project: ProjectProgress) -> None:
    failure = project.failure
    if failure is None:
        return
    step = f" in the step {one_line(failure.step, LONGEST_CELL)}" if failure.step else ""
    click.echo(
        f"\n{project.name} failed{step} ({one_line(failure.msg, LONGEST_CELL)}), job {project.job_id}:", err=True
    )
    for line in failure.last_lines.splitlines()[-LINES_SHOWN:]:
        click.echo(f"  {shown_line(line, keeps_color=False)}", err=True)
