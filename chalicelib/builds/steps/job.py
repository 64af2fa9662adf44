"""The steps of the executions of jobs (builds.md 13; infra/job.asl.json; app.py: `step_job`)."""

from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct

from chalicelib.builds import motor, rows
from chalicelib.builds.engine import settling
from chalicelib.builds.engine.settling import Cause
from chalicelib.builds.jobs import archive as logs_of_jobs
from chalicelib.builds.rows import JobRow
from chalicelib.core.builds.build_states import HELD_STATES
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.config import config
from chalicelib.platform.table import read


class Step(Struct):
    """The event of a step. `token` ends the wait for the worker's result."""

    step: str
    job: int
    attempt: int = 0
    cause: Cause = Cause.REPORTED
    token: str = ""


def run(event: dict[str, Any]) -> None:
    """Carry out the step of an event."""
    step = msgspec.convert(event, Step)
    match step.step:
        case "watch":
            watch(step.job, step.attempt, step.token)
        case "settle":
            end(step.job, step.attempt, step.cause)
        case "archive":
            archive(step.job)
        case _:
            raise ValueError(step.step)


def watch(job_id: int, attempt: int, token: str) -> None:
    """Store the token with which the worker's report ends the wait. If the report is there already, end it at once.

    The report is looked for after the token is stored: a report that is written later finds the token.
    """
    try:
        with Change() as change:
            condition = (JobRow.attempt == attempt) & JobRow.state.is_in(*HELD_STATES)
            change.update(rows.job_key(job_id), [JobRow.task_token.set(token)], condition)
    except Stale:
        motor.end_wait(token)
        return
    if not is_awaited(read(rows.job_key(job_id)), attempt):
        motor.end_wait(token)


def end(job_id: int, attempt: int, cause: Cause) -> None:
    """Settle an attempt. An engine may report a missing heartbeat as a time-out; the row says which of them it is."""
    if cause is Cause.TIMED_OUT and (job := read(rows.job_key(job_id))) is not None and not is_overdue(job):
        cause = Cause.LOST
    settling.settle(job_id, attempt, cause)


def is_overdue(job: JobRow, margin_seconds: int = 0) -> bool:
    """Return whether the time limit of a build, and a margin, have passed since the worker claimed the job."""
    limit = timedelta(seconds=config.job_seconds + margin_seconds)
    return job.claimed_at is not None and job.claimed_at < timestamp(now() - limit)


def is_awaited(job: JobRow | None, attempt: int) -> bool:
    """Return whether a worker holds an attempt of a job and has not reported yet."""
    return job is not None and int(job.attempt) == attempt and job.job_state.is_held and job.result is None


def archive(job_id: int) -> None:
    """Move the log of a job to the object store, if the job has ended. A lost attempt may lead to another one."""
    logs_of_jobs.archive(job_id)
