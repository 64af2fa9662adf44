"""The start of a job group that is filled: its first jobs, and its execution.

The group is in the table, so what fails here is not lost: the execution of the group starts what is missing with its
first check, and the watchdog starts an execution that is missing.
"""

from collections.abc import Callable, Sequence

from chalicelib.builds import motor
from chalicelib.builds.engine import measures, starting, turns
from chalicelib.builds.rows import EntryRow, GroupRow
from chalicelib.channels.errors import BulkUnfinished
from chalicelib.core.builds.build_states import GroupState
from chalicelib.platform import logs
from chalicelib.platform.table import StoreUnavailable


def start(group: GroupRow, planned: Sequence[EntryRow]) -> None:
    """Start the jobs of an active group that wait for nothing, and the execution of the group."""
    if group.group_state is GroupState.DISPATCHING:
        starting.start_ready(group, [entry for entry in planned if not entry.waiting])
    else:
        starting.activate(int(group.id))  # the active group may have ended while this one was filled
    start_execution(group)


def resume(group: GroupRow) -> None:
    """Start what an interrupted request has left of a group. Does nothing if the group has begun.

    The execution of the group fills it, if it is not ready.
    """
    if turns.has_begun(group):
        return
    if group.is_ready:
        starting.activate(int(group.id))
    start_execution(group)


def start_execution(group: GroupRow) -> None:
    """Start the execution of a group, unless it was started before. Never raises for AWS errors."""
    motor.start_group(int(group.id), int(group.generation))


def without_failing(group: GroupRow, step: Callable[[], None]) -> None:
    """Take a step for a group that is in the table. If AWS fails, log the causes and leave it to the execution."""
    try:
        step()
    except (StoreUnavailable, BulkUnfinished) as problem:
        logs.failed_call(problem)
        measures.group_not_started(int(group.id))
        start_execution(group)
