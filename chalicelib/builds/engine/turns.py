"""The turns of groups: for a root and a target one group is active and one is queued (builds.md 8.3).

A guard is the row that names the active or the queued group. No other module writes guards.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from chalicelib.builds.rows import (
    EntryRow,
    GroupRow,
    GuardRow,
    active_key,
    entry_key,
    group_key,
    order_text,
    queued_key,
)
from chalicelib.catalog.origin_rows import OriginRow, has_made, origin_key
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.core.target import Target
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.row import Key
from chalicelib.platform.table import read, read_many


class Turns(Struct, frozen=True):
    """The groups that hold the guards of a root and a target.

    `has_begun` is whether the active group has started a build. `outlived` are those of the groups whose origin was
    deleted: the root belongs to a new origin of that name.
    """

    active: GroupRow | None = None
    queued: GroupRow | None = None
    has_begun: bool = False
    outlived: Sequence[GroupRow] = ()

    @property
    def joinable(self) -> GroupRow | None:
        """The group that a new request joins, because it has not started a build yet; or None."""
        return self.queued or (None if self.has_begun else self.active)


def read_turns(root: str, target: Target) -> Turns:
    """Return the groups that hold the guards. One call, and another one if there are any.

    Raises Stale after the deletion of a guard whose group does not exist.
    """
    keys = active_key(root, target), queued_key(root, target)
    guards = read_many(keys)
    ids = [None if (guard := guards.get(key)) is None else int(guard.group_id) for key in keys]
    held = [group_id for group_id in ids if group_id is not None]
    if not held:
        return Turns()
    own_origin = origin_key(root.partition("/")[0])
    found = read_many([*map(group_key, held), *map(_first_entry_key, held), own_origin])
    for key, group_id in zip(keys, ids, strict=True):
        if group_id is not None and found.get(group_key(group_id)) is None:
            with Change() as change:
                change.delete(key, GuardRow.group_id == group_id)
            raise Stale
    active, queued = (None if group_id is None else found.get(group_key(group_id)) for group_id in ids)
    begun = active is not None and is_begun(active, found.get(_first_entry_key(int(active.id))))
    return Turns(active, queued, begun, _outlived(found.get(own_origin), (active, queued)))


def _outlived(origin: OriginRow | None, groups: Iterable[GroupRow | None]) -> list[GroupRow]:
    """Return those of some groups that belong to an earlier origin."""
    if origin is None:
        return []
    return [group for group in groups if group is not None and not has_made(origin, int(group.id))]


def has_begun(group: GroupRow) -> bool:
    """Return whether a group has started a build, or has ended. One call."""
    return is_begun(group, read(_first_entry_key(int(group.id))))


def is_begun(group: GroupRow, first: EntryRow | None) -> bool:
    """Return whether a group has started a build, or has ended, by its first entry.

    The first entry in build order waits for nothing, and no entry starts before it (starting.py).
    """
    if group.group_state.is_final:
        return True
    return bool(group.is_ready) and (first is None or first.entry_state is not EntryState.WAITING)


def give_turn(change: Change, group: GroupRow, turns: Turns) -> None:
    """Give a new group the guard that is free. The queued one requires that the active group still holds its guard."""
    active, queued = _guards(group)
    if turns.active is not None:
        change.check(active, GuardRow.group_id == int(turns.active.id))
    key = active if turns.active is None else queued
    change.add(GuardRow(key.pk, key.sk, group_id=int(group.id)))
    if turns.active is None:  # else this group would overtake the one that is about to become active
        change.check(queued, GuardRow.pk.does_not_exist())


def demand_joinable(change: Change, group: GroupRow, turns: Turns) -> None:
    """Require that a group that can be joined still holds its guard and has not begun. The change raises Stale."""
    is_active = turns.queued is None
    demand_turn(change, group, as_active=is_active)
    if not is_active:
        return
    if group.is_ready:
        change.check(_first_entry_key(int(group.id)), EntryRow.state == EntryState.WAITING.value)
        change.check(group_key(int(group.id)), GroupRow.state == group.state)
    else:
        not_ready = GroupRow.is_ready == False  # noqa: E712 - an expression of PynamoDB, not a comparison
        change.check(group_key(int(group.id)), not_ready & (GroupRow.state == group.state))


def is_active(group: GroupRow) -> bool:
    """Return True if a group holds the guard of the active group."""
    active, _ = _guards(group)
    guard = read(active)
    return guard is not None and int(guard.group_id) == int(group.id)


def demand_turn(change: Change, group: GroupRow, *, as_active: bool) -> None:
    """Require that a group holds the guard of the active, or of the queued group. The change raises Stale."""
    active, queued = _guards(group)
    change.check(active if as_active else queued, GuardRow.group_id == int(group.id))


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


def _first_entry_key(group_id: int) -> Key[EntryRow]:
    return entry_key(group_id, order_text(0))


def _guards(group: GroupRow) -> tuple[Key[GuardRow], Key[GuardRow]]:
    target = Target(group.target)
    return active_key(group.root, target), queued_key(group.root, target)


def _release(change: Change, key: Key[GuardRow], guard: GuardRow | None, group_id: int) -> None:
    if guard is not None and guard.group_id == group_id:
        change.delete(key, GuardRow.group_id == group_id)
