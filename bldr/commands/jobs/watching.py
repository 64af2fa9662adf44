"""Following a job group to its end: a live table on a terminal, else a line per change."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import click
from rich.console import Group as Lines
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bldr.build_shapes import Group, GroupProject, Wait
from bldr.builds import Builds
from bldr.commands.jobs.explaining import show_failures
from bldr.errors import StepsFailed
from bldr.output import LONGEST_CELL, console, show_table
from chalicelib.core.harts.hart_refusals import one_line

FIRST_SECONDS, SECONDS_BETWEEN_READS = 0.25, 2.0
"""The pause after the first read, which doubles with each read, and the longest one of a group of usual size."""

READS_BETWEEN_WAITS = 5
"""The reasons why a group waits cost the Builder more than its state."""

PROJECTS_PER_SECOND = 500
"""Large groups are read less often: each read costs the Builder in proportion to the projects."""

LINES_AROUND = 6
"""Lines of a terminal that the table leaves free."""

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

LEFT_OUT_LAST = ("InProgress", "Failure", "NotFound", "Skipped", "Canceled", "NotStarted", "Success")
"""A table that is too long for the screen leaves out projects from the end of this order."""


def watch(builds: Builds, group_id: str) -> Group:
    """Show the progress of a group until it has ended, then its failures. Returns the group."""
    screen = console()
    with _interruptible(group_id):
        if screen.is_terminal:
            with Live(console=screen, refresh_per_second=4) as live:
                group = _follow(builds, group_id, lambda group, waits: live.update(_picture(group, waits)))
        else:
            group = _follow(builds, group_id, _Changes().show)
    click.echo(summary(group))
    show_failures(builds, group)
    return group


def watch_silently(builds: Builds, group_id: str) -> Group:
    """Wait until a group has ended, and return it."""
    with _interruptible(group_id):
        return _follow(builds, group_id, lambda group, waits: None, with_waits=False)


def require_built(group: Group) -> None:
    """Raises StepsFailed unless every project of a group was built."""
    if not group.is_built:
        raise StepsFailed(
            f"job group {group.id} has not built everything; `bldr jobs log ORIGIN/NAME --group {group.id}` shows "
            f"the log of a build, `bldr jobs rebuild {group.id}` builds what is missing"
        )


def summary(group: Group) -> str:
    """Return the state of a group and the numbers of its projects by state."""
    counts = Counter(project.state for project in group.projects)
    numbers = ", ".join(f"{counts[state]} {state}" for state in STYLES if counts[state])
    return f"{group.state}: {numbers}" if numbers else group.state


def shown_job(project: GroupProject) -> str:
    """Return the id of the job of a project, or a dash before there is one."""
    return project.job_id if project.has_job else "-"


def _follow(builds: Builds, group_id: str, show: Callable[[Group, list[Wait]], None], with_waits: bool = True) -> Group:
    """Read a group until it has ended, and show it after each read."""
    waits: list[Wait] = []
    for read in count():
        group = builds.group(group_id)
        if group.has_ended:
            show(group, [])
            return group
        if with_waits and read % READS_BETWEEN_WAITS == READS_BETWEEN_WAITS - 1:
            waits = builds.waits(group_id)
        show(group, waits)
        pause = min(FIRST_SECONDS * 2.0 ** min(read, 10), SECONDS_BETWEEN_READS)
        time.sleep(max(pause, len(group.projects) / PROJECTS_PER_SECOND))
    raise AssertionError  # the numbers never end


@contextmanager
def _interruptible(group_id: str) -> Iterator[None]:
    """Let Ctrl-C end the command with a message: the group continues, and a repeat would start another one."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(
            f"bldr: stopped watching; the job group continues: `bldr jobs status {group_id} --watch` watches it "
            f"again, `bldr jobs cancel {group_id}` cancels it",
            err=True,
        )
        raise click.exceptions.Exit(130) from None


class _Changes:
    """Prints a line for each change of a project, and for each new reason why the group waits."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._reasons: set[str] = set()

    def show(self, group: Group, waits: list[Wait]) -> None:
        """Print what has changed since the last call."""
        changed = [project for project in group.projects if self._states.get(project.name) != project.state]
        show_table((), [[project.name, project.state, shown_job(project)] for project in changed])
        self._states = {project.name: project.state for project in group.projects}
        for wait in waits:
            if wait.reason not in self._reasons:
                click.echo(f"waiting: {one_line(wait.text, LONGEST_CELL)}")
        self._reasons = {wait.reason for wait in waits}


def _picture(group: Group, waits: list[Wait]) -> Lines:
    room = max(10, console().height - LINES_AROUND)
    table = Table("", "package", "state", "release", "job", box=None, pad_edge=False, header_style="bold")
    shown = _most_important(group.projects, room)
    for project in shown:
        symbol, style = STYLES.get(project.state, ("?", ""))
        cells = (symbol, project.name, project.state, project.ident or "-", shown_job(project))
        table.add_row(*(Text(one_line(cell, LONGEST_CELL), style=style, overflow="fold") for cell in cells))
    more = len(group.projects) - len(shown)
    lines = [Text(f"and {more} more", style="dim")] if more else []
    lines += [Text(f"waiting: {one_line(wait.text, LONGEST_CELL)}", style="yellow") for wait in waits]
    return Lines(table, *lines, Text(summary(group)))


def _most_important(projects: list[GroupProject], room: int) -> Sequence[GroupProject]:
    """Return the projects that fit on a screen: all in build order, or those that run and have failed first."""
    if len(projects) <= room:
        return projects
    ranks = {state: rank for rank, state in enumerate(LEFT_OUT_LAST)}
    return sorted(projects, key=lambda project: ranks.get(project.state, 0))[:room]
