"""Rows of job groups, entries and jobs in any state, written without the engine."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from chalicelib.builds import rows
from chalicelib.builds.rows import (
    EntryRow,
    GroupPointerRow,
    GroupRow,
    JobRow,
    SlotRow,
    WaitingJobRow,
    WaitingOriginRow,
)
from chalicelib.core.build_states import EntryState, GroupState, JobState
from chalicelib.core.target import Target
from chalicelib.platform.attributes import Action
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import Row, put_many, read
from tests.builders.names import a_name

TARGET = Target.X86_64_LINUX


def ago(**span: float) -> str:
    """Return a time in the past as rows store it."""
    return timestamp(now() - timedelta(**span))


def a_group(state: GroupState = GroupState.DISPATCHING, **more: Any) -> GroupRow:
    """Write a ready group that has not ended, and list it among the open ones."""
    group_id = new_id()
    key = rows.group_key(group_id)
    values: dict[str, Any] = {
        "root": f"{a_name('origin')}/tool",
        "target": str(TARGET),
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


def a_job(state: JobState = JobState.PENDING, **more: Any) -> JobRow:
    """Write a job. A waiting one is in the list of its origin; a held one occupies two slots and has a lease."""
    job_id = int(more.pop("id", 0)) or new_id()
    origin = a_name("origin")
    key = rows.job_key(job_id)
    values: dict[str, Any] = {
        "group_id": new_id(),
        "entry": rows.order_text(0),
        "origin": origin,
        "name": "tool",
        "target": str(TARGET),
        "number": 1,
        "project_id": new_id(),
        "plan_path": "plan.sh",
        "vcs_data": "https://example.com/tool.git",
        "created_at": ago(minutes=5),
        "updated_at": ago(minutes=5),
    }
    held = {"claimed_at": ago(seconds=5), "lease_until": int(time.time()) + 60, "task_token": "a token"}
    job = JobRow(key.pk, key.sk, id=job_id, state=state, **(values | (held if state.is_held else {}) | more))
    put_many([job, *(_slots(job) if state.is_held else ()), *(_waiting(job) if state is JobState.PENDING else ())])
    return job


def _slots(job: JobRow) -> Sequence[Row]:
    number = int(job.id) % 1_000
    keys = (rows.origin_slot_key(TARGET, job.origin, number), rows.target_slot_key(TARGET, number))
    return [SlotRow(key.pk, key.sk, job_id=int(job.id), origin=job.origin) for key in keys]


def _waiting(job: JobRow) -> Sequence[Row]:
    key, origin = rows.waiting_key(job), rows.waiting_origin_key(TARGET, job.origin)
    return [
        WaitingJobRow(key.pk, key.sk, job_id=int(job.id)),
        WaitingOriginRow(origin.pk, origin.sk, noted_at=int(time.time())),
    ]


def group_of(group_id: int) -> GroupRow:
    """Return the row of a group."""
    row = read(rows.group_key(group_id))
    assert row is not None
    return row


def job_of(job_id: int) -> JobRow:
    """Return the row of a job."""
    row = read(rows.job_key(job_id))
    assert row is not None
    return row


def set_group(group: GroupRow, *actions: Action) -> None:
    """Change attributes of a group."""
    with Change() as change:
        change.update(rows.group_key(int(group.id)), actions)
