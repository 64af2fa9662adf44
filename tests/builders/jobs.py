"""Projects and jobs of tests, written to the table."""

from typing import Any

from chalicelib.builds.rows import JobCountRow, JobPointerRow, JobRow, job_count_key, job_key, job_pointer_key
from chalicelib.catalog.project_rows import ProjectRow, project_key
from chalicelib.core.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import Key, read


def a_project(origin: str, name: str, target: Target = Target.X86_64_LINUX, **fields: Any) -> ProjectRow:
    """Write a project, and return it."""
    key, moment = project_key(origin, name, target), now()
    values: dict[str, Any] = {
        "id": new_id(moment),
        "owner_id": 1,
        "origin": origin,
        "package_name": name,
        "target": target.value,
        "plan_path": "habitat/plan.sh",
        "vcs_data": "https://git.example.com/plans.git",
        "auto_build": True,
        "created_at": timestamp(moment),
        "updated_at": timestamp(moment),
    }
    row = ProjectRow(key.pk, key.sk, **values | fields)
    with Change() as change:
        change.put(row)
    return row


def a_job(origin: str, name: str, state: JobState = JobState.PENDING, **fields: Any) -> JobRow:
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


def change_job(job: JobRow, **fields: Any) -> JobRow:
    """Change attributes of a job, and return the row."""
    actions = [getattr(JobRow, name).set(value) for name, value in fields.items()]
    with Change() as change:
        change.update(Key(JobRow, job.pk, job.sk), actions)
    changed = read(Key(JobRow, job.pk, job.sk))
    assert changed is not None
    return changed
