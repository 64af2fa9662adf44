"""The begin of a job group: one transaction writes the group with its guard (builds.md 6.1, 8.3)."""

from collections.abc import Sequence

from chalicelib.builds import rows
from chalicelib.builds.engine import turns
from chalicelib.builds.engine.turns import Turns
from chalicelib.builds.groups import entries, filling, inheritance, repeats
from chalicelib.builds.groups.errors import GroupQueued
from chalicelib.builds.groups.new_group import Created, NewGroup
from chalicelib.builds.rows import GroupPointerRow, GroupRow
from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.build_states import GroupState
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.config import config

IN_ONE_TRANSACTION = 80
"""Entries that fit the transaction of the group, which needs up to eleven other rows, and progress rows."""

IN_THE_REQUEST = 2_000
"""A larger group is filled by its execution, because the function times out after 29 seconds."""

COPIED_IN_THE_REQUEST = 300
"""A group that repeats a larger one is filled by its execution, because it inherits up to so many packages."""


class BehindUnfinished(Exception):
    """A group that was not filled holds a guard."""

    def __init__(self, group: GroupRow) -> None:
        super().__init__()
        self.group = group


class BehindOutlived(Exception):
    """Groups of a deleted origin of the same name hold guards."""

    def __init__(self, groups: Sequence[GroupRow]) -> None:
        super().__init__()
        self.groups = groups


def begin(new: NewGroup, graph: BuildGraph, names: Sequence[str], *, patient: bool = False) -> Created:
    """Write a new group, or join the group of the root that has not begun.

    A group that repeats another one joins none. Raises Stale, OriginMissing, RoleLost, GroupQueued, BehindOutlived, and
    BehindUnfinished unless the call is patient.
    """
    earlier = repeats.group_of(new.event)
    if earlier is not None:
        return Created(earlier, is_new=False, is_left=True)
    held = turns.read_turns(new.root, new.target)
    if held.outlived:
        raise BehindOutlived(held.outlived)
    unfinished = None if patient else _unfinished(held)
    if unfinished is not None:
        raise BehindUnfinished(unfinished)
    if new.rebuilds is not None and held.queued is not None:
        raise GroupQueued(f"The group {int(held.queued.id)} of '{new.root}' is queued already")
    if new.rebuilds is None and held.joinable is not None:
        return _joined(new, held, held.joinable)
    return _begun(new, graph, names, held)


def _unfinished(held: Turns) -> GroupRow | None:
    """Return the group that an interrupted request has left without entries, or None."""
    groups = (group for group in (held.active, held.queued) if group is not None)
    return next((group for group in groups if filling.is_left(group)), None)


def _joined(new: NewGroup, held: Turns, group: GroupRow) -> Created:
    """Add an audit row to a group that has not begun, and return the group."""
    with Change() as change:
        turns.demand_joinable(change, group, held)
        origin_rows.require(change, new.origin, new.by.permission)
        repeats.note(change, new.event, int(group.id))
        _record(change, new, group)
    return Created(group, is_new=False, is_left=not group.is_ready or held.queued is None)


def _begun(new: NewGroup, graph: BuildGraph, names: Sequence[str], held: Turns) -> Created:
    group = _new_row(new, len(names))
    is_filled_here = _is_filled_here(new, len(names))
    planned = entries.planned(int(group.id), names if is_filled_here else names[:1], graph, new.target)
    with Change() as change:
        _add_group(change, new, group, held)
        if is_filled_here and len(planned) <= IN_ONE_TRANSACTION and new.rebuilds is None:
            group.is_ready = True
            group.state = str(GroupState.QUEUED if held.active else GroupState.DISPATCHING)
            for row in [*planned, *entries.progress_rows(group)]:
                change.add(row)
        change.add(group)
    return Created(group, planned, is_filled_here=is_filled_here)


def _is_filled_here(new: NewGroup, projects: int) -> bool:
    """Return False if the execution of the group fills it, because that takes too long for the request."""
    if not config.group_machine:
        return True
    copied = 0 if new.rebuilds is None else int(new.rebuilds.projects)
    return projects <= IN_THE_REQUEST and copied <= COPIED_IN_THE_REQUEST


def _new_row(new: NewGroup, projects: int) -> GroupRow:
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


def _add_group(change: Change, new: NewGroup, group: GroupRow, held: Turns) -> None:
    """Add everything but the group's own row: its guard, its places in lists, its seeds, its event, the audit row."""
    group_id = int(group.id)
    origin_rows.require(change, new.origin, new.by.permission)
    repeats.note(change, new.event, group_id)
    turns.give_turn(change, group, held)
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
