"""The end of a group, by itself, by a user's cancel, or by a fault of the engine (builds.md 8.3, 8.6)."""

from collections.abc import Callable

from chalicelib.builds import motor
from chalicelib.builds.engine.progress import open_entries
from chalicelib.builds.engine.starting import activate
from chalicelib.builds.engine.stopping import stop_entries
from chalicelib.builds.engine.turns import change_state, next_group, release_turn
from chalicelib.builds.rows import GroupRow, group_key, open_group_key
from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.table import read

__all__ = ["cancel", "cancel_of_deleted_origin", "fail", "finish", "open_entries", "pass_turn"]

Record = Callable[[Change], None]
"""Adds rows to a change."""

STOPPED_BY_A_REQUEST = 1_000
"""Entries that a cancel stops within the request; `propagation.repair` stops the others."""


def finish(group_id: int) -> bool:
    """Write the final state of a group without open entries, and wake the group that is queued behind it.

    Returns False if entries are open. One transaction: the state, the guards and the row among the groups that have
    not ended. May be repeated; a repeat continues with the group that is queued.
    """
    group = read(group_key(group_id))
    if group is None:
        return True
    if not group.is_ready or open_entries(group) > 0:
        return False
    retry_when_stale(lambda: _finish(group_id))
    pass_turn(group)
    return True


def pass_turn(group: GroupRow) -> None:
    """Activate the group that is queued behind a group that has ended, and wake its execution. May be repeated."""
    following = next_group(group)
    if following is not None and activate(following):
        motor.wake_group(following)


def cancel(group_id: int, record: Record | None = None) -> None:
    """Cancel a group: waiting entries at once, running jobs with the next heartbeat of their worker (builds.md 8.6).

    `record` adds rows to the transaction that writes the state. Does nothing to a group that has ended, except to
    complete a cancel that was interrupted: may be repeated. Of a very large group, the execution of the group stops
    what this call does not (`propagation.repair`). Raises the errors of `record`.
    """
    _end(group_id, GroupState.CANCELED, STOPPED_BY_A_REQUEST, record)


def cancel_of_deleted_origin(group_id: int) -> None:
    """Cancel a group of a deleted origin, and let groups of a new origin of that name begin. May be repeated.

    They do not wait for the jobs that workers still hold, because a worker of the earlier owner might not end them.
    """
    cancel(group_id)
    if not finish(group_id):
        retry_when_stale(lambda: _release(group_id))


def fail(group_id: int) -> None:
    """End a group after a fault of the engine, like a cancel, in the state `Failed` (builds.md 12)."""
    _end(group_id, GroupState.FAILED)


def _end(group_id: int, state: GroupState, at_most: int | None = None, record: Record | None = None) -> None:
    group = retry_when_stale(lambda: _ended(group_id, state, record))
    if group is None or group.group_state is GroupState.COMPLETE:
        return
    if open_entries(group) > 0:
        stop_entries(group, at_most)
    motor.wake_group(group_id)


def _ended(group_id: int, state: GroupState, record: Record | None) -> GroupRow | None:
    """Write a final state unless the group has one, and return the group. A queued group gives its place up."""
    group = read(group_key(group_id))
    if group is None or group.group_state.is_final:
        return group
    with Change() as change:
        if record is not None:
            record(change)
        change_state(change, group, state)
        if group.group_state is GroupState.QUEUED:
            release_turn(change, group)
    group.state = state.value
    return group


def _release(group_id: int) -> None:
    """Raises Stale."""
    group = read(group_key(group_id))
    if group is not None:
        with Change() as change:
            release_turn(change, group)


def _finish(group_id: int) -> None:
    """Raises Stale."""
    group = read(group_key(group_id))
    if group is None:
        return
    with Change() as change:
        if not group.group_state.is_final:
            change_state(change, group, GroupState.COMPLETE)
        release_turn(change, group)
        change.delete(open_group_key(Target(group.target), group_id))
