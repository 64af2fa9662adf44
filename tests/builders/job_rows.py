"""Rows of jobs in any state, written and read without the engine."""

import time
from collections.abc import Sequence
from typing import Any

from chalicelib.builds import rows
from chalicelib.builds.rows import (
    JobCountRow,
    JobPointerRow,
    JobRow,
    SlotRow,
    WaitingJobRow,
    WaitingOriginRow,
    job_count_key,
    job_key,
    job_pointer_key,
)
from chalicelib.core.builds.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import put_many, read
from tests.builders.group_rows import LINUX, ago
from tests.builders.names import a_name


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
        "target": str(LINUX),
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
    keys = (rows.origin_slot_key(LINUX, job.origin, number), rows.target_slot_key(LINUX, number))
    return [SlotRow(key.pk, key.sk, job_id=int(job.id), origin=job.origin) for key in keys]


def _waiting(job: JobRow) -> Sequence[Row]:
    key, origin = rows.waiting_key(job), rows.waiting_origin_key(LINUX, job.origin)
    return [
        WaitingJobRow(key.pk, key.sk, job_id=int(job.id)),
        WaitingOriginRow(origin.pk, origin.sk, noted_at=int(time.time())),
    ]


def a_numbered_job(origin: str, name: str, state: JobState = JobState.PENDING, **fields: Any) -> JobRow:
    """Write a job of a project with its number among the project's jobs, and return it."""
    count_key, moment = job_count_key(origin, name), now()
    counts = read(count_key)
    number = 1 if counts is None else int(counts.jobs) + 1
    job_id = fields.pop("id", new_id(moment))
    key, pointer = job_key(job_id), job_pointer_key(origin, name, number)
    values: dict[str, Any] = {
        "id": job_id,
        "group_id": new_id(),
        "entry": "000000",
        "origin": origin,
        "name": name,
        "target": Target.X86_64_LINUX.value,
        "state": state.value,
        "number": number,
        "project_id": 1,
        "plan_path": "plan.sh",
        "vcs_data": "https://git.example.com/plans.git",
        "created_at": timestamp(moment),
        "updated_at": timestamp(moment),
    }
    row = JobRow(key.pk, key.sk, **values | fields)
    with Change() as change:
        change.put(row)
        change.put(JobPointerRow(pointer.pk, pointer.sk, job_id=job_id))
        change.update(count_key, [JobCountRow.jobs.set(number)])
    return row


def job_row(job_id: int) -> JobRow:
    """Return the row of a job."""
    row = read(rows.job_key(job_id))
    assert row is not None
    return row


def change_job(job: JobRow, **fields: Any) -> JobRow:
    """Change attributes of a job, and return the row."""
    actions = [getattr(JobRow, name).set(value) for name, value in fields.items()]
    with Change() as change:
        change.update(Key(JobRow, job.pk, job.sk), actions)
    changed = read(Key(JobRow, job.pk, job.sk))
    assert changed is not None
    return changed
