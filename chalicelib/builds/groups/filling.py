"""The entries of a job group that is larger than one transaction (builds.md 6.1, 11).

They are written in several transactions; the last step marks the group as ready. Each transaction requires that no
newer call fills the group, and that it was not canceled. After an interruption the group's execution, the watchdog or
the next request for the root continues with `expand`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from chalicelib.builds import rows
from chalicelib.builds.engine import ending, turns
from chalicelib.builds.groups import choice, entries, inheritance, start
from chalicelib.builds.rows import EntryRow, GroupRow
from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.platform import logs
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, read
from chalicelib.platform.table import rows as rows_of

LEFT_AFTER = timedelta(seconds=60)
"""A group that is not filled for so long was left by an interrupted request."""


class _Superseded(Exception):
    """A newer call fills the group, or the group is ready, canceled or gone."""


def is_left(group: GroupRow) -> bool:
    """Return True for a group that an interrupted request has left without entries."""
    changed_at = datetime.fromisoformat(group.updated_at).replace(tzinfo=UTC)
    return not group.is_ready and now() - changed_at > LEFT_AFTER


def expand(group_id: int) -> None:
    """Fill a group that is not ready, and start what is ready in it.

    Does nothing for a group that is ready or gone. May be repeated, also at the same time: the newest call continues.
    A group that cannot be filled any more ends as `Failed`, a canceled one as `Canceled`.
    """
    group = retry_when_stale(partial(_take_over, group_id))
    if group is None:
        return
    if group.group_state is not GroupState.QUEUED:
        _end_unfilled(group, group.group_state)
        return
    graph, projects = choice.chosen_for(group)
    if not 0 < len(projects.projects) <= rows.GROUP_PROJECTS:
        logs.logger().warning(
            "job group cannot be filled", extra={"group": group_id, "projects": len(projects.projects)}
        )
        _end_unfilled(group, GroupState.FAILED)
        return
    group.projects = len(projects.projects)
    group.shards = rows.shards_of(len(projects.projects))
    planned = entries.planned(group_id, projects.projects, graph, Target(group.target))
    _delete_entries(group)
    if fill(group, planned):
        start.start(group, planned)


def fill(group: GroupRow, planned: Sequence[EntryRow]) -> bool:
    """Write the entries of a group and mark it as ready. Returns False if a newer call does it, or if it has ended."""
    key = rows.group_key(int(group.id))
    try:
        inheritance.copy_packages(group)
        for batch in entries.batches([*planned, *entries.progress_rows(group)]):
            with Change() as change:
                change.check(key, _is_mine(group) & _is_queued(), otherwise=_Superseded())
                for row in batch:
                    change.put(row)
        retry_when_stale(partial(_mark_ready, group))
    except _Superseded:
        _complete_canceled(group)
        return False
    return True


def _take_over(group_id: int) -> GroupRow | None:
    """Return a group that is not ready, so that only this call may fill it, or None if it is ready or gone."""
    key = rows.group_key(group_id)
    group = read(key)
    if group is None or group.is_ready:
        return None
    moment = now()
    unchanged = _is_mine(group) & (GroupRow.state == group.state)
    group.expansion, group.updated_at = new_id(moment), timestamp(moment)
    with Change() as change:
        change.update(
            key,
            [GroupRow.expansion.set(group.expansion), GroupRow.updated_at.set(group.updated_at)],
            condition=unchanged,
        )
    return group


def _complete_canceled(group: GroupRow) -> None:
    """End a group that was canceled while this call was filling it."""
    current = read(rows.group_key(int(group.id)))
    if current is not None and current.group_state.is_final and int(current.expansion) == int(group.expansion):
        expand(int(group.id))


def _mark_ready(group: GroupRow) -> None:
    """Mark a filled group as ready, and as dispatching if it holds the guard of the active group."""
    is_active = turns.is_active(group)
    group.state = str(GroupState.DISPATCHING if is_active else GroupState.QUEUED)
    group.is_ready = True
    with Change() as change:
        _settle(change, group, _is_mine(group) & _is_queued())
        turns.demand_turn(change, group, as_active=is_active)


def _settle(change: Change, group: GroupRow, condition: Condition) -> None:
    """Write the state and the size of a group that becomes ready. The change raises _Superseded."""
    change.update(
        rows.group_key(int(group.id)),
        [
            GroupRow.is_ready.set(True),
            GroupRow.state.set(group.state),
            GroupRow.projects.set(int(group.projects)),
            GroupRow.shards.set(int(group.shards)),
            GroupRow.updated_at.set(timestamp(now())),
        ],
        condition=condition,
        otherwise=_Superseded(),
    )


def _is_mine(group: GroupRow) -> Condition:
    """Return the condition that a group is not ready, and that no newer call fills it."""
    not_ready = GroupRow.is_ready == False  # noqa: E712 - an expression of PynamoDB, not a comparison
    condition: Condition = not_ready & (GroupRow.expansion == int(group.expansion))
    return condition


def _is_queued() -> Condition:
    condition: Condition = GroupRow.state == str(GroupState.QUEUED)
    return condition


def _delete_entries(group: GroupRow) -> None:
    """Delete what an interrupted call has written of the entries."""
    partition = rows.group_partition(int(group.id))
    for kind, prefix in ((rows.EntryRow, rows.ENTRY_PREFIX), (rows.ProgressRow, rows.PROGRESS_PREFIX)):
        found = rows_of(kind, partition, begins=prefix, keys_only=True)
        delete_many([Key(kind, row.pk, row.sk) for row in found])


def _end_unfilled(group: GroupRow, state: GroupState) -> None:
    """End a group without entries, and let the next one of its root and target begin."""
    _delete_entries(group)
    group.state, group.projects, group.shards = str(state), 0, 1
    try:
        retry_when_stale(partial(_end_empty, group))
    except _Superseded:
        return
    ending.pass_turn(group)


def _end_empty(group: GroupRow) -> None:
    """Write the end of a group without entries, and release its guard. Raises Stale, _Superseded."""
    with Change() as change:
        _settle(change, group, _is_mine(group))
        for row in entries.progress_rows(group):
            change.put(row)
        change.delete(rows.open_group_key(Target(group.target), int(group.id)))
        turns.release_turn(change, group)
