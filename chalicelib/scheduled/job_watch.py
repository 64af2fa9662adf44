"""The watchdog of jobs: lost workers, time-outs, missing executions, unused slots, logs (builds.md 18; `watch_jobs`).

It finds the jobs that workers hold by the slots that they occupy, and waiting jobs by the lists from which workers take
them. So nothing depends on the executions, which only react faster.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.builds import motor
from chalicelib.builds import rows as build_rows
from chalicelib.builds.engine import settling
from chalicelib.builds.engine.settling import Cause
from chalicelib.builds.rows import JobRow, SlotRow, UnarchivedRow, WaitingJobRow, WaitingOriginRow
from chalicelib.builds.steps import job as job_steps
from chalicelib.core.builds.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.identity.worker_rows import ALL_ORIGINS, sightings_of
from chalicelib.platform import emf, logs
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import moment_of, now, timestamp
from chalicelib.platform.config import config
from chalicelib.platform.failures import Failures
from chalicelib.platform.row import Key
from chalicelib.platform.table import count, delete_many, read_many, rows
from chalicelib.scheduled import worker_starts
from chalicelib.scheduled.cursors import read_cursor, store_cursor

FUNCTION = "watch-jobs"

LEASE_GRACE_SECONDS = 10
"""For clocks that differ."""

UNWATCHED = timedelta(minutes=1)
"""The time after which the execution of a claimed job must have stored its token."""

WAITING_READ = 5_000
"""Waiting jobs of one origin and target that one run examines at the beginning, and from where the last one ended."""

UNARCHIVED_READ = 1_000
"""The most logs of one target that one run archives."""

SEEN_SECONDS = 180
"""A worker that was seen within this time counts as running. A sighting is written once a minute."""


class JobsWatched(Struct):
    """The numbers of waiting and working jobs, of jobs that were settled, and of failures in one run."""

    waiting: int = 0
    working: int = 0
    settled: int = 0
    failed: int = 0


def watch_jobs(seconds: float) -> JobsWatched:
    """Examine held and waiting jobs of all targets for about `seconds`, publish their numbers, and start workers.

    A job that fails is skipped, and the next run tries it again. Each target has an equal share of the time that is
    left, so that many jobs of one target do not delay those of the others.
    """
    end, targets = time.monotonic() + seconds, list(Target)
    run, total = _Run(end, Failures()), JobsWatched()
    for number, target in enumerate(targets):
        began = time.monotonic()
        run.deadline = min(end, began + (end - began) / (len(targets) - number))
        with run.failures.skipped():
            run.first_waiting = None
            working, waiting = _examine_held(target, run), _examine_waiting(target, run)
            _archive_logs(target, run)
            total.working, total.waiting = total.working + working, total.waiting + waiting
            if target in config.build_targets:
                _publish(target, waiting, working, run.first_waiting)
                worker_starts.start_workers(target, waiting, working)
    total.settled, total.failed = run.settled, run.failures.number
    logs.logger().info("jobs watched", extra=asdict(total))
    return total


class _Run(Struct):
    """The end of a run for the current target, and its numbers so far."""

    deadline: float
    failures: Failures
    settled: int = 0
    first_waiting: int | None = None
    """The id of the oldest waiting job of the current target."""

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.deadline


def _publish(target: Target, waiting: int, working: int, first_waiting: int | None) -> None:
    workers = sum(float(row.seen_at) > time.time() - SEEN_SECONDS for row in sightings_of(ALL_ORIGINS, target))
    oldest = 0.0 if first_waiting is None else round((now() - moment_of(first_waiting)).total_seconds())
    numbers = {"WaitingJobs": waiting, "WorkingJobs": working, "OldestWaitingJob": oldest, "SharedWorkers": workers}
    metrics = {name: [float(number)] for name, number in numbers.items()}
    logs.logger().info("jobs", extra=emf.members(({"target": str(target)}, metrics)))


def _examine_held(target: Target, run: _Run) -> int:
    """Examine the jobs that occupy slots, and return how many of them workers hold."""
    slots: dict[int, list[SlotRow]] = defaultdict(list)
    for slot in rows(SlotRow, build_rows.slots_partition(target)):
        slots[int(slot.job_id)].append(slot)
    held = 0
    for job_id, job in _jobs(list(slots)):
        held += job is not None and job.job_state.is_held
        if run.is_over:
            continue
        with run.failures.skipped():
            if job is None or not job.job_state.is_held:
                _free(job_id, job, slots[job_id])
            else:
                _examine(job, run)
    return held


def _examine(job: JobRow, run: _Run) -> None:
    cause = _cause_of_end(job)
    if cause is not None:
        _settle(job, cause, run)
    elif job.task_token is None and job.claimed_at is not None and job.claimed_at < timestamp(now() - UNWATCHED):
        motor.start_job(int(job.id), int(job.attempt))


def _cause_of_end(job: JobRow) -> Cause | None:
    """Return why an attempt is over, or None while its worker builds."""
    if job.result is not None:
        return Cause.REPORTED
    if job.lease_until is not None and float(job.lease_until) < time.time() - LEASE_GRACE_SECONDS:
        return Cause.LOST
    return Cause.TIMED_OUT if job_steps.is_overdue(job, motor.JOB_MARGIN_SECONDS) else None


def _settle(job: JobRow, cause: Cause, run: _Run) -> None:
    """Settle an attempt, and end the execution that waits for it. Without executions, archive the log here."""
    settling.settle(int(job.id), int(job.attempt), cause)
    run.settled += 1
    if job.task_token is not None:
        motor.end_wait(job.task_token)
    if not config.job_machine:
        job_steps.archive(int(job.id))


def _free(job_id: int, job: JobRow | None, slots: Sequence[SlotRow]) -> None:
    """Delete the slots of a job that no worker holds, unless a worker has claimed it since."""
    key = build_rows.job_key(job_id)
    unchanged = JobRow.pk.does_not_exist() if job is None else (JobRow.state == job.state)
    with suppress(Stale), Change() as change:
        change.check(key, unchanged)
        for slot in slots:
            change.delete(Key(SlotRow, slot.pk, slot.sk), SlotRow.job_id == job_id)


def _examine_waiting(target: Target, run: _Run) -> int:
    """Settle the jobs that have waited too long for a worker, and return how many wait.

    If the run ends before the last origin, the next run continues with the next one.
    """
    cursor, waiting = f"{FUNCTION}/{target}", 0
    first = last = read_cursor(cursor)
    for origin in rows(WaitingOriginRow, build_rows.waiting_origins_partition(target), after=first or None):
        if run.is_over:
            store_cursor(cursor, last)
            return waiting
        with run.failures.skipped():
            waiting += _examine_origin(target, origin.sk, run)
        last = origin.sk
    if first:
        store_cursor(cursor, "")
    return waiting


def _examine_origin(target: Target, origin: str, run: _Run) -> int:
    """Examine the waiting jobs of an origin, and return their number.

    Of very many jobs, a run examines the first ones and as many others. The next run continues with the next ones.
    """
    partition = build_rows.waiting_partition(target, origin)
    first = list(rows(WaitingJobRow, partition, limit=WAITING_READ))
    run.first_waiting = min(filter(None, [run.first_waiting, *(int(row.job_id) for row in first)]), default=None)
    _end_waits(_old(first), run)
    if len(first) < WAITING_READ:
        return len(first)
    cursor = f"{FUNCTION}/{target}/{origin}"
    after = max(first[-1].sk, read_cursor(cursor))
    others = list(rows(WaitingJobRow, partition, limit=WAITING_READ, after=after))
    _end_waits(_old(others), run)
    if not run.is_over:
        store_cursor(cursor, others[-1].sk if len(others) == WAITING_READ else "")
    return count(WaitingJobRow, partition)


def _old(waiting: Sequence[WaitingJobRow]) -> list[int]:
    """Return the ids of the jobs that were made longer ago than a job may wait."""
    since = now() - timedelta(seconds=config.queue_seconds)
    return [int(row.job_id) for row in waiting if moment_of(int(row.job_id)) < since]


def _end_waits(job_ids: Sequence[int], run: _Run) -> None:
    """Settle those of some old jobs that have also waited too long since the last attempt."""
    since = timestamp(now() - timedelta(seconds=config.queue_seconds))
    for _, job in _jobs(job_ids):
        if run.is_over:
            return
        if job is not None and job.job_state is JobState.PENDING and job.updated_at < since:
            with run.failures.skipped():
                _settle(job, Cause.NEVER_CLAIMED, run)


def _archive_logs(target: Target, run: _Run) -> None:
    """Archive the logs of jobs that have ended without their executions, and forget the jobs that are gone."""
    before = time.time() - config.lease_seconds
    noted = rows(UnarchivedRow, build_rows.unarchived_partition(target), limit=UNARCHIVED_READ)
    keys = {int(row.sk): Key(UnarchivedRow, row.pk, row.sk) for row in noted if row.ended_at < before}
    for job_id, job in _jobs(list(keys)):
        if run.is_over:
            return
        with run.failures.skipped():
            if job is None:
                delete_many([keys[job_id]])
            else:
                job_steps.archive(job_id)


def _jobs(job_ids: Sequence[int]) -> Iterator[tuple[int, JobRow | None]]:
    """Yield jobs with their ids, read a hundred at a time."""
    for first in range(0, len(job_ids), 100):
        keys = {job_id: build_rows.job_key(job_id) for job_id in job_ids[first : first + 100]}
        found = read_many(list(keys.values()))
        yield from ((job_id, found.get(key)) for job_id, key in keys.items())
