"""Creation of job groups: the group with its guard, then its entries, then its first jobs (builds.md 6.1, 11).

The steps, each of which may be interrupted:
1. Begin: one transaction writes the group, the guard of its root and target, its place in the lists of groups, and the
   audit row. A small group is written with all of its entries, and is ready at once.
2. Fill: the entries of a larger group are written in several transactions; the last step marks the group as ready. Each
   transaction requires that no newer call fills the group, and that it was not canceled. A very large group is filled
   by its execution (`expand`).
3. Start: the entries that wait for nothing become jobs, and the execution of the group starts.
After an interruption the group's execution, the watchdog or the next request for the root continues: `expand` repeats
step 2, and the engine starts what is ready in an active group.
"""

from collections.abc import Collection, Sequence
from functools import partial

from msgspec import Struct

from chalicelib.builds import motor, rows
from chalicelib.builds.engine import starting
from chalicelib.builds.errors import GroupTooLarge
from chalicelib.builds.groups import choice, entries, guards, inheritance, repeats
from chalicelib.builds.groups.errors import GroupQueued
from chalicelib.builds.groups.guards import Guards
from chalicelib.builds.groups.requester import Requester
from chalicelib.builds.rows import EntryRow, GroupPointerRow, GroupRow, GuardRow
from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.core.build_graph import BuildGraph
from chalicelib.core.build_set import Flags
from chalicelib.core.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.platform import logs
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.config import config
from chalicelib.platform.table import Key, delete_many, read
from chalicelib.platform.table import rows as rows_of

IN_ONE_TRANSACTION = 80
"""Entries that fit the transaction of the group, which needs up to eleven other rows, and progress rows."""

IN_THE_REQUEST = 2_000
"""A larger group is filled by its execution, because API Gateway waits 29 seconds."""

COPIED_IN_THE_REQUEST = 300
"""A group that repeats a larger one is filled by its execution, because it inherits up to so many packages."""

RECOVERIES = 3


class NewGroup(Struct, frozen=True):
    """A group to create.

    If it repeats another one, that is `rebuilds`; the entries follow from `seeds`, and `inherited` are the origins in
    which the other group has built packages. `event` identifies what has caused the request, if that may be repeated.
    """

    root: str
    target: Target
    flags: Flags
    by: Requester
    rebuilds: GroupRow | None = None
    seeds: Collection[str] = ()
    inherited: Collection[str] = ()
    event: str | None = None

    @property
    def origin(self) -> str:
        """The origin of the root."""
        return self.root.partition("/")[0]


class Created(Struct, frozen=True):
    """A group and its entries; none if the group existed already, or if its execution fills it."""

    group: GroupRow
    entries: Sequence[EntryRow] = ()
    is_new: bool = True


class _Superseded(Exception):
    """A newer call fills the group, or the group is ready, canceled or gone."""


class _BehindUnfinished(Exception):
    """A group that was not filled holds a guard."""

    def __init__(self, group: GroupRow) -> None:
        super().__init__()
        self.group = group


def create(new: NewGroup, graph: BuildGraph, names: Sequence[str]) -> Created:
    """Create a group of projects in build order, or return the group of the root that is queued already.

    A repeated event returns the group that it has made; the engine completes a group that was interrupted.
    Raises GroupTooLarge, OriginMissing, RoleLost, and GroupQueued for a group that repeats another one.
    """
    demand_possible(len(names))
    begun = _begun(new, graph, names)
    if not begun.is_new:
        return begun
    if not begun.entries:
        motor.start_group(int(begun.group.id))
        return Created(begun.group, entries.planned(int(begun.group.id), names[:1], graph, new.target))
    if begun.group.is_ready or _fill(begun.group, begun.entries):
        _start(begun.group, begun.entries)
    return begun


def demand_possible(projects: int) -> None:
    """Raise GroupTooLarge for more projects than a group may hold."""
    if projects > rows.GROUP_PROJECTS:
        raise GroupTooLarge(f"The group would build {projects} projects; {rows.GROUP_PROJECTS} are possible at most")


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
    if _fill(group, planned):
        _start(group, planned)


def _begun(new: NewGroup, graph: BuildGraph, names: Sequence[str]) -> Created:
    """Return the new group, or the one that is queued. An old group that was not filled is completed first."""
    for _ in range(RECOVERIES):
        try:
            return retry_when_stale(partial(_begin, new, graph, names))
        except _BehindUnfinished as found:
            expand(int(found.group.id))
    return retry_when_stale(partial(_begin, new, graph, names, patient=True))


def _begin(new: NewGroup, graph: BuildGraph, names: Sequence[str], patient: bool = False) -> Created:
    earlier = repeats.group_of(new.event)
    if earlier is not None:
        return Created(earlier, is_new=False)
    held = guards.read_guards(new.root, new.target)
    unfinished = None if patient else held.unfinished
    if unfinished is not None:
        raise _BehindUnfinished(unfinished)
    if held.queued is not None:
        return _joined(new, held.queued)
    group = _new_row(new, len(names), is_active=held.active is None)
    is_filled_here = _is_filled_here(new, len(names))
    planned = entries.planned(int(group.id), names, graph, new.target) if is_filled_here else []
    with Change() as change:
        _add_group(change, new, group, held)
        if 0 < len(planned) <= IN_ONE_TRANSACTION and new.rebuilds is None:
            group.is_ready = True
            group.state = str(GroupState.QUEUED if held.active else GroupState.DISPATCHING)
            for row in [*planned, *entries.progress_rows(group)]:
                change.add(row)
        change.add(group)
    return Created(group, planned)


def _is_filled_here(new: NewGroup, projects: int) -> bool:
    """Return False if the execution of the group fills it, because that takes too long for the request."""
    if not config.group_machine:
        return True
    copied = 0 if new.rebuilds is None else int(new.rebuilds.projects)
    return projects <= IN_THE_REQUEST and copied <= COPIED_IN_THE_REQUEST


def _joined(new: NewGroup, queued: GroupRow) -> Created:
    """Add an audit row to the group that is queued, and return the group."""
    if new.rebuilds is not None:
        raise GroupQueued(f"The group {int(queued.id)} of '{new.root}' is queued already")
    with Change() as change:
        change.check(rows.queued_key(new.root, new.target), GuardRow.group_id == int(queued.id))
        origin_rows.require(change, new.origin, new.by.permission)
        repeats.note(change, new.event, int(queued.id))
        _record(change, new, queued)
    return Created(queued, is_new=False)


def _new_row(new: NewGroup, projects: int, is_active: bool) -> GroupRow:
    moment = now()
    group_id = new_id(moment)
    key = rows.group_key(group_id)
    return GroupRow(
        key.pk,
        key.sk,
        id=group_id,
        state=str(GroupState.QUEUED),
        root=new.root,
        target=str(new.target),
        trigger=str(new.by.trigger),
        requester_id=new.by.account_id,
        requester_name=new.by.name,
        created_at=timestamp(moment),
        updated_at=timestamp(moment),
        projects=projects,
        shards=rows.shards_of(projects),
        flags=str(new.flags),
        expansion=new_id(moment),
        rebuilds=None if new.rebuilds is None else int(new.rebuilds.id),
    )


def _add_group(change: Change, new: NewGroup, group: GroupRow, held: Guards) -> None:
    """Add everything but the group's own row: its guard, its places in lists, its seeds, its event, the audit row."""
    group_id = int(group.id)
    origin_rows.require(change, new.origin, new.by.permission)
    repeats.note(change, new.event, group_id)
    guards.take(change, group, held)
    for key in (rows.origin_group_key(new.origin, group_id), rows.open_group_key(new.target, group_id)):
        change.add(GroupPointerRow(key.pk, key.sk, group_id=group_id))
    if new.rebuilds is not None:
        change.add(inheritance.seeds_row(group_id, new.seeds, new.inherited))
        inheritance.note_rebuild(change, new.rebuilds, group_id)
    _record(change, new, group)


def _record(change: Change, new: NewGroup, group: GroupRow) -> None:
    audit_rows.record(
        change, AuditAction.JOB_GROUP_CREATE, new.by.session, origin=new.origin, target=str(int(group.id))
    )


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


def _fill(group: GroupRow, planned: Sequence[EntryRow]) -> bool:
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


def _complete_canceled(group: GroupRow) -> None:
    """End a group that was canceled while this call was filling it."""
    current = read(rows.group_key(int(group.id)))
    if current is not None and current.group_state.is_final and int(current.expansion) == int(group.expansion):
        expand(int(group.id))


def _mark_ready(group: GroupRow) -> None:
    """Mark a filled group as ready, and as dispatching if it holds the guard of the active group."""
    is_active = guards.is_active(group)
    group.state = str(GroupState.DISPATCHING if is_active else GroupState.QUEUED)
    group.is_ready = True
    with Change() as change:
        _settle(change, group, _is_mine(group) & _is_queued())
        guards.demand_held(change, group, is_active)


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


def _start(group: GroupRow, planned: Sequence[EntryRow]) -> None:
    """Start the jobs of an active group that wait for nothing, and the execution of the group."""
    if group.group_state is GroupState.DISPATCHING:
        starting.start_ready(group, [entry for entry in planned if not entry.waiting])
    else:
        starting.activate(int(group.id))  # the active group may have ended while this one was filled
    motor.start_group(int(group.id))


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
        with Change() as change:
            _settle(change, group, _is_mine(group))
            for row in entries.progress_rows(group):
                change.put(row)
            change.delete(rows.open_group_key(Target(group.target), int(group.id)))
    except _Superseded:
        return
    guards.release(group)
