"""The turns of groups: one is active and one is queued for a root and a target (builds.md 8.3)."""

from chalicelib.builds.rows import GroupRow, GuardRow, active_key, group_key, queued_key
from chalicelib.core.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.platform.change import Change
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.table import Key, read, read_many


def take_turn(group_id: int) -> bool:
    """Make a queued group active, if no other group is. Returns whether it is active or has ended.

    One transaction: the guards and the state. Raises Stale.
    """
    group = read(group_key(group_id))
    if group is None or group.group_state.is_final or group.group_state is GroupState.DISPATCHING:
        return True
    active, queued = _guards(group)
    guards = read_many([active, queued])
    holder = guards.get(active)
    if not group.is_ready or (holder is not None and holder.group_id != group_id):
        return False
    with Change() as change:
        if holder is None:
            change.add(GuardRow(active.pk, active.sk, group_id=group_id))
        _release(change, queued, guards.get(queued), group_id)
        change_state(change, group, GroupState.DISPATCHING)
    return True


def release_turn(change: Change, group: GroupRow) -> None:
    """Delete the guards that name a group, in a change that ends the group."""
    keys = _guards(group)
    guards = read_many(keys)
    for key in keys:
        _release(change, key, guards.get(key), int(group.id))


def next_group(group: GroupRow) -> int | None:
    """Return the id of the group whose turn it is after a group that has ended, or None.

    That is the queued group of the same root and target, or the active one if an interrupted call made it active.
    """
    active, queued = _guards(group)
    guards = read_many([active, queued])
    guard = guards.get(active) or guards.get(queued)
    return None if guard is None else int(guard.group_id)


def change_state(change: Change, group: GroupRow, state: GroupState) -> None:
    """Add the next state of a group to a change. Stale if the state is not the one that was read."""
    change.update(
        group_key(int(group.id)),
        [GroupRow.state.set(state.value), GroupRow.updated_at.set(timestamp(now()))],
        GroupRow.state == group.state,
    )


def _guards(group: GroupRow) -> tuple[Key[GuardRow], Key[GuardRow]]:
    target = Target(group.target)
    return active_key(group.root, target), queued_key(group.root, target)


def _release(change: Change, key: Key[GuardRow], guard: GuardRow | None, group_id: int) -> None:
    if guard is not None and guard.group_id == group_id:
        change.delete(key, GuardRow.group_id == group_id)
