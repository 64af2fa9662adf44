"""Creation of job groups: the group with its guard, then its entries, then its first jobs (builds.md 6.1, 11).

The steps, each of which may be interrupted:
1. Begin (beginning.py): one transaction writes the group, the guard of its root and target, its place in the lists of
   groups, and the audit row. A small group is written with all of its entries, and is ready at once.
2. Fill (filling.py): the entries of a larger group are written in several transactions. A very large group is filled by
   its execution.
3. Start (start.py): the entries that wait for nothing become jobs, and the execution of the group starts.

The request succeeds with the first step. If a later one fails, the execution of the group carries out the rest; the
watchdog starts an execution that is missing. A request that is repeated because its answer was lost joins the group, as
long as the group has not started a build.
"""

from collections.abc import Sequence
from functools import partial

from chalicelib.builds import rows
from chalicelib.builds.engine import ending
from chalicelib.builds.errors import GroupTooLarge
from chalicelib.builds.groups import beginning, filling, start
from chalicelib.builds.groups.beginning import BehindOutlived, BehindUnfinished
from chalicelib.builds.groups.new_group import Created, NewGroup
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.platform.change import retry_when_stale

RECOVERIES = 3


def create(new: NewGroup, graph: BuildGraph, names: Sequence[str]) -> Created:
    """Create a group of projects in build order, or return the group of the root that has not begun yet.

    A repeated event returns the group that it has made. Raises GroupTooLarge, OriginMissing, RoleLost, and GroupQueued
    for a group that repeats another one.
    """
    demand_possible(len(names))
    begun = _begun(new, graph, names)
    start.without_failing(begun.group, partial(_complete, begun))
    return begun


def demand_possible(projects: int) -> None:
    """Raise GroupTooLarge for more projects than a group may hold."""
    if projects > rows.GROUP_PROJECTS:
        raise GroupTooLarge(f"The group would build {projects} projects; {rows.GROUP_PROJECTS} are possible at most")


def _begun(new: NewGroup, graph: BuildGraph, names: Sequence[str]) -> Created:
    """Return the new group, or the one to join.

    An old group that was not filled is completed first, and groups of a deleted origin are canceled.
    """
    for _ in range(RECOVERIES):
        try:
            return retry_when_stale(partial(beginning.begin, new, graph, names))
        except BehindOutlived as found:
            for group in found.groups:
                ending.cancel_of_deleted_origin(int(group.id))
        except BehindUnfinished as found:
            start.without_failing(found.group, partial(filling.expand, int(found.group.id)))
    return retry_when_stale(partial(beginning.begin, new, graph, names, patient=True))


def _complete(begun: Created) -> None:
    """Fill and start a new group, or continue one that an interrupted request has left."""
    group = begun.group
    if not begun.is_new:
        if begun.is_left:
            start.resume(group)
    elif not begun.is_filled_here:
        start.start_execution(group)
    elif group.is_ready or filling.fill(group, begun.entries):
        start.start(group, begun.entries)
