"""Rows of job groups and entries in any state, written and read without the engine."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from chalicelib.builds import rows
from chalicelib.builds.rows import (
    EntryRow,
    GroupPointerRow,
    GroupRow,
    ProgressRow,
)
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.core.target import Target
from chalicelib.platform import table
from chalicelib.platform.attributes import Action
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import put_many
from tests.builders.names import a_name

LINUX = Target.X86_64_LINUX


def ago(**span: float) -> str:
    """Return a time in the past as rows store it."""
    return timestamp(now() - timedelta(**span))


def a_group(state: GroupState = GroupState.DISPATCHING, **more: Any) -> GroupRow:
    """Write a ready group that has not ended, and list it among the open ones."""
    group_id = new_id()
    key = rows.group_key(group_id)
    values: dict[str, Any] = {
        "root": f"{a_name('origin')}/tool",
        "target": str(LINUX),
        "trigger": "HabClient",
        "requester_id": 1,
        "requester_name": "bobo",
        "created_at": ago(minutes=5),
        "updated_at": ago(minutes=5),
        "projects": 1,
        "shards": 1,
        "is_ready": True,
    }
    group = GroupRow(key.pk, key.sk, id=group_id, state=state, **(values | more))
    pointer = rows.open_group_key(Target(group.target), group_id)
    put_many([group, GroupPointerRow(pointer.pk, pointer.sk, group_id=group_id)])
    return group


def an_entry(group: GroupRow, position: int, **more: Any) -> EntryRow:
    """Write an entry of a group."""
    key = rows.entry_key(int(group.id), rows.order_text(position))
    values: dict[str, Any] = {"name": group.root, "state": EntryState.COMPLETE}
    entry = EntryRow(key.pk, key.sk, **(values | more))
    put_many([entry])
    return entry


def group_row(group_id: int | str) -> GroupRow:
    """Return the row of a group, which must exist."""
    row = table.read(rows.group_key(int(group_id)))
    assert row is not None
    return row


def entries_of(group_id: int | str) -> dict[str, EntryRow]:
    """Return the entries of a group by name, in build order."""
    found = table.rows(EntryRow, rows.group_partition(int(group_id)), begins=rows.ENTRY_PREFIX)
    return {row.name: row for row in found}


def open_entries(group_id: int | str) -> list[int]:
    """Return the progress of a group, by shard."""
    found = table.rows(ProgressRow, rows.group_partition(int(group_id)), begins=rows.PROGRESS_PREFIX)
    return [int(row.open) for row in found]


def change_group(group: GroupRow, *actions: Action) -> None:
    """Change attributes of a group."""
    with Change() as change:
        change.update(rows.group_key(int(group.id)), actions)


def set_group(group_id: int, state: GroupState) -> None:
    """Write the state of a group. A group that has ended, except by a cancel, releases its guard."""
    row = group_row(group_id)
    with Change() as change:
        change.update(rows.group_key(group_id), [GroupRow.state.set(str(state))])
        if state.is_final:
            change.delete(rows.active_key(row.root, Target(row.target)))
            change.delete(rows.open_group_key(Target(row.target), group_id))


def set_entries(group_id: int | str, states: Mapping[str, EntryState | str]) -> None:
    """Write the states of entries; a text is the ident that the entry has built."""
    found = entries_of(group_id)
    with Change() as change:
        for name, state in states.items():
            built = "" if isinstance(state, EntryState) else state
            actions = [
                EntryRow.state.set(str(EntryState.COMPLETE if built else state)),
                EntryRow.built_ident.set(built),
                EntryRow.waiting.remove(),
            ]
            change.update(rows.entry_key(int(group_id), found[name].order), actions)
