"""Jobs that wait for a worker, written as the start of jobs writes them, and their settlement."""

import time
from typing import Any

from chalicelib.builds import rows
from chalicelib.builds.rows import ORIGIN_SLOT, JobRow, SlotRow, WaitingJobRow, WaitingOriginRow
from chalicelib.catalog import job_token_rows
from chalicelib.catalog.origin_rows import OriginRow, origin_key
from chalicelib.core.builds.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.row import Key
from chalicelib.platform.table import put_many, read
from tests.builders.names import a_name

LINUX = Target.X86_64_LINUX


def a_waiting_job(origin: str, name: str = "tool", target: Target = LINUX, **fields: Any) -> JobRow:
    """Write a job that waits for a worker, and return its row."""
    job_id = new_id()
    key = rows.job_key(job_id)
    moment = timestamp(now())
    values: dict[str, Any] = {
        "group_id": new_id(),
        "entry": "000000",
        "state": str(JobState.PENDING),
        "number": 1,
        "project_id": new_id(),
        "plan_path": "habitat/plan.sh",
        "vcs_data": "https://git.example.com/tool.git",
        "created_at": moment,
        "updated_at": moment,
    } | fields
    job = JobRow(key.pk, key.sk, id=job_id, origin=origin, name=name, target=str(target), **values)
    wait(job)
    return job


def wait(job: JobRow) -> None:
    """Write the rows of a job that waits, after that of its origin."""
    target = Target(job.target)
    note_origin(target, job.origin)
    key = rows.waiting_key(job)
    put_many([job, WaitingJobRow(key.pk, key.sk, job_id=int(job.id))])


def note_origin(target: Target, origin: str, age: int = 0) -> None:
    """Write the row of an origin that may have waiting jobs."""
    key = rows.waiting_origin_key(target, origin)
    put_many([WaitingOriginRow(key.pk, key.sk, noted_at=int(time.time()) - age)])


def job_of(job: JobRow) -> JobRow:
    """Read a job again."""
    row = read(rows.job_key(int(job.id)))
    assert row is not None
    return row


def settle(job: JobRow, state: JobState = JobState.COMPLETE, *, again: bool = False) -> None:
    """End an attempt as the engine does. `again`: the job waits for another worker."""
    held = job_of(job)
    actions = [JobRow.state.set(str(JobState.PENDING if again else state))]
    if again:
        actions += [JobRow.attempt.set(int(held.attempt) + 1), JobRow.result.remove(), JobRow.task_token.remove()]
        note_origin(Target(job.target), job.origin)
    with Change() as change:
        change.update(rows.job_key(int(job.id)), actions, JobRow.attempt == int(held.attempt))
        for sort_key in (held.origin_slot, held.target_slot):
            if sort_key is not None:
                change.delete(Key(SlotRow, rows.slots_partition(Target(job.target)), sort_key))
        job_token_rows.end(change, int(job.id), int(held.attempt))
        if again:
            key = rows.waiting_key(held)
            change.put(WaitingJobRow(key.pk, key.sk, job_id=int(job.id)))


def is_origin_slot(sort_key: str) -> bool:
    """Return whether a sort key is that of a slot of an origin."""
    return sort_key.startswith(ORIGIN_SLOT)


def an_empty_origin(name: str | None = None) -> str:
    """Write the row of an origin, without members and keys, and return its name."""
    name = name or a_name("origin")
    key = origin_key(name)
    row = OriginRow(
        key.pk,
        key.sk,
        id=new_id(),
        owner_id=1,
        owner_name="bobo",
        default_package_visibility="public",
        created_at=timestamp(now()),
    )
    put_many([row])
    return name
