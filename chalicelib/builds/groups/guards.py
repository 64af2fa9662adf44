"""The guards of a root and a target: at most one active group and one queued behind it (builds.md 8.3)."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from chalicelib.builds import motor, rows
from chalicelib.builds.engine import starting
from chalicelib.builds.rows import GroupRow, GuardRow
from chalicelib.core.target import Target
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import now
from chalicelib.platform.table import Key, read, read_many

UNFINISHED_AFTER = timedelta(seconds=60)
"""A group that is not filled for so long was left by an interrupted request."""


class Guards(Struct, frozen=True):
    """The active and the queued group of a root and a target."""

    active: GroupRow | None
    queued: GroupRow | None

    @property
    def unfinished(self) -> GroupRow | None:
        """The group that an interrupted request has left without entries, or None."""
        return next((group for group in (self.active, self.queued) if group is not None and is_unfinished(group)), None)


def is_unfinished(group: GroupRow) -> bool:
    """Return True for a group that an interrupted request has left without entries."""
    changed_at = datetime.fromisoformat(group.updated_at).replace(tzinfo=UTC)
    return not group.is_ready and now() - changed_at > UNFINISHED_AFTER


def read_guards(root: str, target: Target) -> Guards:
    """Return the groups that hold the guards. One call, and another one if there are any.

    A guard whose group does not exist is deleted.
    """
    keys = rows.active_key(root, target), rows.queued_key(root, target)
    found = read_many(keys)
    held = [found.get(key) for key in keys]
    if held == [None, None]:
        return Guards(None, None)
    group_keys = [None if guard is None else rows.group_key(int(guard.group_id)) for guard in held]
    groups = read_many([key for key in group_keys if key is not None])
    active, queued = (None if key is None else groups.get(key) for key in group_keys)
    for key, guard, group in zip(keys, held, (active, queued), strict=True):
        if guard is not None and group is None:
            _forget(key, guard)
            raise Stale
    return Guards(active, queued)


def take(change: Change, group: GroupRow, held: Guards) -> None:
    """Give a new group the guard that is free. The queued one requires that the active group still holds its guard."""
    target, group_id = Target(group.target), int(group.id)
    active_key, queued_key = rows.active_key(group.root, target), rows.queued_key(group.root, target)
    if held.active is not None:
        change.check(active_key, GuardRow.group_id == int(held.active.id))
    key = active_key if held.active is None else queued_key
    change.add(GuardRow(key.pk, key.sk, group_id=group_id))
    if held.active is None:  # else this group would overtake the one that is about to become active
        change.check(queued_key, GuardRow.pk.does_not_exist())


def is_active(group: GroupRow) -> bool:
    """Return True if a group holds the guard of the active group."""
    guard = read(rows.active_key(group.root, Target(group.target)))
    return guard is not None and int(guard.group_id) == int(group.id)


def demand_held(change: Change, group: GroupRow, as_active: bool) -> None:
    """Require that a group holds the guard of the active, or of the queued group. The change raises Stale."""
    target = Target(group.target)
    key = rows.active_key(group.root, target) if as_active else rows.queued_key(group.root, target)
    change.check(key, GuardRow.group_id == int(group.id))


def release(group: GroupRow) -> None:
    """Delete the guard of a group that has ended, and activate the group that is queued behind it."""
    target = Target(group.target)
    active_key, queued_key = rows.active_key(group.root, target), rows.queued_key(group.root, target)
    found = read_many([active_key, queued_key])
    for key in (active_key, queued_key):
        guard = found.get(key)
        if guard is not None and int(guard.group_id) == int(group.id):
            _forget(key, guard)
    queued = found.get(queued_key)
    if queued is not None and int(queued.group_id) != int(group.id):
        starting.activate(int(queued.group_id))
        motor.wake_group(int(queued.group_id))


def _forget(key: Key[GuardRow], guard: GuardRow) -> None:
    """Delete a guard, unless another group holds it now."""
    try:
        with Change() as change:
            change.delete(key, condition=GuardRow.group_id == int(guard.group_id))
    except Stale:
        return
