"""The watchdog of jobs finds what executions and workers have left, by the rows alone."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.builds import motor, rows
from chalicelib.builds.engine import settling
from chalicelib.builds.engine.settling import Cause
from chalicelib.builds.rows import JobRow, UnarchivedRow, WaitingJobRow
from chalicelib.core.builds.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.identity.worker_rows import ALL_ORIGINS, SightingRow, sighting_key, workers_partition
from chalicelib.platform import emf, logs
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now
from chalicelib.platform.config import config
from chalicelib.platform.table import delete_many, put_many
from chalicelib.scheduled import cursors, job_watch
from tests.builders.engine_double import EngineDouble
from tests.builders.group_rows import LINUX, ago
from tests.builders.job_rows import a_job
from tests.builders.names import a_name
from tests.builders.rows import empty_partition, partition_rows

DISPATCHED = JobState.DISPATCHED
SLOTS, UNARCHIVED = f"SLOTS#{LINUX}", f"UNARCHIVED#{LINUX}"


@pytest.fixture
def calls(engine: EngineDouble, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """No jobs of other tests; the calls of Step Functions."""
    for kind in ("SLOTS", "WAITING-ORIGINS", "UNARCHIVED"):
        for target in Target:
            empty_partition(f"{kind}#{target}")
    cursors.store_cursor(f"{job_watch.FUNCTION}/{LINUX}", "")
    made: list[tuple[Any, ...]] = []
    for name in ("start_job", "end_wait"):
        monkeypatch.setattr(motor, name, lambda *arguments, name=name: made.append((name, *arguments)))
    return made


def settled(engine: EngineDouble) -> dict[int, Cause]:
    """Return the causes with which jobs were settled."""
    return {job_id: cause for job_id, _, cause in engine.called("settle")}


def test_a_job_that_its_worker_builds_is_left_alone(engine: EngineDouble, calls: list[Any]) -> None:
    a_job(DISPATCHED)
    a_job(JobState.CANCEL_PENDING)

    result = job_watch.watch_jobs(60)

    assert (result.working, result.settled, result.failed) == (2, 0, 0)
    assert engine.calls == calls == []


def test_lost_late_and_reported_jobs_are_settled(engine: EngineDouble, calls: list[Any]) -> None:
    lost = a_job(DISPATCHED, lease_until=int(time.time()) - 60, attempt=3)
    late = a_job(DISPATCHED, claimed_at=ago(seconds=3600 + motor.JOB_MARGIN_SECONDS + 1))
    reported = a_job(DISPATCHED, lease_until=int(time.time()) - 60, result="{}")

    result = job_watch.watch_jobs(60)

    assert settled(engine) == {
        int(lost.id): Cause.LOST,
        int(late.id): Cause.TIMED_OUT,
        int(reported.id): Cause.REPORTED,
    }
    assert (int(lost.id), 3, Cause.LOST) in engine.called("settle")
    assert calls == [("end_wait", "a token")] * 3
    assert result.settled == 3


def test_a_lease_that_has_just_ended_is_left_to_slow_clocks(engine: EngineDouble, calls: list[Any]) -> None:
    a_job(DISPATCHED, lease_until=int(time.time()) - 2)

    assert job_watch.watch_jobs(60).settled == 0


def test_the_execution_of_a_claimed_job_is_started_again(engine: EngineDouble, calls: list[Any]) -> None:
    old = a_job(DISPATCHED, task_token=None, claimed_at=ago(seconds=90), attempt=2)
    a_job(DISPATCHED, task_token=None, claimed_at=ago(seconds=5))

    job_watch.watch_jobs(60)

    assert calls == [("start_job", int(old.id), 2)]


def test_slots_of_jobs_that_no_worker_holds_are_freed(engine: EngineDouble, calls: list[Any]) -> None:
    held, ended, gone = a_job(DISPATCHED), a_job(DISPATCHED), a_job(DISPATCHED)
    put_many([JobRow(ended.pk, ended.sk, **{**ended.attribute_values, "state": "Complete"})])
    delete_many([rows.job_key(int(gone.id))])

    job_watch.watch_jobs(60)

    assert {int(row["job_id"]) for row in partition_rows(SLOTS).values()} == {int(held.id)}


def test_a_slot_that_was_claimed_again_since_is_kept(
    engine: EngineDouble, calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = a_job(DISPATCHED)
    stale = JobRow(held.pk, held.sk, **{**held.attribute_values, "state": "Pending"})
    monkeypatch.setattr(job_watch, "_jobs", lambda ids: [(int(held.id), stale)] if ids else [])

    result = job_watch.watch_jobs(60)

    assert len(partition_rows(SLOTS)) == 2
    assert result.failed == 0


def test_a_job_that_waits_too_long_is_settled(engine: EngineDouble, calls: list[Any]) -> None:
    before = now().timestamp() - config.queue_seconds - 60
    old_id = new_id(type(now()).fromtimestamp(before, now().tzinfo))
    long_ago = ago(seconds=config.queue_seconds + 60)
    old = a_job(id=old_id, created_at=long_ago, updated_at=long_ago)
    a_job(id=old_id + 1, created_at=long_ago)  # its last attempt was given back a few minutes ago
    a_job()

    result = job_watch.watch_jobs(60)

    assert settled(engine) == {int(old.id): Cause.NEVER_CLAIMED}
    assert result.waiting == 3


def test_of_very_many_waiting_jobs_runs_examine_the_oldest_and_the_next_ones(
    engine: EngineDouble, calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_watch, "WAITING_READ", 2)
    origin, group = a_name("origin"), new_id()
    examined: list[list[int]] = []

    def examine(found: Sequence[WaitingJobRow]) -> list[int]:
        examined.append([int(row.job_id) for row in found])
        return []

    monkeypatch.setattr(job_watch, "_old", examine)
    jobs = [int(a_job(origin=origin, group_id=group).id) for _ in range(7)]

    waiting = [job_watch.watch_jobs(60).waiting for _ in range(4)]

    assert waiting == [7] * 4
    assert examined == [jobs[:2], jobs[2:4], jobs[:2], jobs[4:6], jobs[:2], jobs[6:], jobs[:2], jobs[2:4]]


def test_a_run_that_ends_early_is_continued_with_the_next_origin(
    engine: EngineDouble, calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    origins = sorted(a_name("origin") for _ in range(3))
    for origin in origins:
        a_job(origin=origin)
    seen: list[str] = []
    seconds = 0.0

    def examine(_target: Target, origin: str, _run: Any) -> int:
        nonlocal seconds
        seconds += 1
        seen.append(origin)
        return 1

    monkeypatch.setattr(job_watch, "_examine_origin", examine)
    monkeypatch.setattr(time, "monotonic", lambda: seconds)
    for _ in range(3):
        job_watch.watch_jobs(len(Target) * 0.5)

    assert seen == origins


def test_numbers_of_jobs_are_metrics_of_each_target(
    engine: EngineDouble, calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[tuple[Any, Any]] = []

    def note(*groups: tuple[Any, Any]) -> dict[str, Any]:
        published.extend(groups)
        return {}

    monkeypatch.setattr(emf, "members", note)
    empty_partition(workers_partition(ALL_ORIGINS))
    for worker_id, age in ((1, 0), (2, job_watch.SEEN_SECONDS + 1)):
        key, moment = sighting_key(ALL_ORIGINS, LINUX, worker_id), int(time.time()) - age
        put_many([SightingRow(key.pk, key.sk, seen_at=moment, expires_at=moment + 1_000)])
    oldest = now() - timedelta(seconds=600)
    a_job(DISPATCHED)
    a_job()
    a_job(id=new_id(oldest))
    monkeypatch.setattr(job_watch, "now", lambda: oldest + timedelta(seconds=700))

    job_watch.watch_jobs(60)

    numbers = {"WaitingJobs": [2.0], "WorkingJobs": [1.0], "OldestWaitingJob": [700.0], "SharedWorkers": [1.0]}
    assert ({"target": str(LINUX)}, numbers) in published
    assert {dimensions["target"] for dimensions, _ in published} == set(map(str, config.build_targets))


def test_a_job_that_fails_does_not_stop_the_others(
    engine: EngineDouble, calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "unexpected_error", lambda _: None)
    engine.broken.add("settle")
    for _ in range(3):
        a_job(DISPATCHED, lease_until=0)

    result = job_watch.watch_jobs(60)

    assert (result.failed, len(engine.called("settle"))) == (3, 3)


def test_a_run_ends_in_time(engine: EngineDouble, calls: list[Any]) -> None:
    a_job(DISPATCHED, lease_until=0)

    assert job_watch.watch_jobs(-1).settled == 0


def test_without_state_machines_the_watchdog_archives_logs(
    engine: EngineDouble, calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job(DISPATCHED, result="{}")

    def settle(job_id: int, *_: object) -> None:
        with Change() as change:
            change.update(rows.job_key(job_id), [JobRow.state.set(JobState.COMPLETE)])

    monkeypatch.setattr(settling, "settle", settle)
    job_watch.watch_jobs(60)
    assert engine.called("archive") == [(int(job.id),)]

    monkeypatch.setattr(job_watch, "config", replace(config, job_machine="a machine"))
    put_many([JobRow(job.pk, job.sk, **job.attribute_values)])
    job_watch.watch_jobs(60)

    assert engine.called("archive") == [(int(job.id),)]


def note(job: JobRow, age: float) -> None:
    """Note that a job has ended some seconds ago."""
    key = rows.unarchived_key(job)
    put_many([UnarchivedRow(key.pk, key.sk, ended_at=int(time.time() - age))])


def test_logs_are_archived_if_their_executions_were_lost(engine: EngineDouble, calls: list[Any]) -> None:
    lost, recent = a_job(JobState.COMPLETE), a_job(JobState.COMPLETE)
    note(lost, age=config.lease_seconds + 5)
    note(recent, age=0)

    job_watch.watch_jobs(60)

    assert engine.called("archive") == [(int(lost.id),)]


def test_the_note_of_a_job_that_is_gone_is_deleted(engine: EngineDouble, calls: list[Any]) -> None:
    job = a_job(JobState.COMPLETE)
    note(job, age=config.lease_seconds + 5)
    delete_many([rows.job_key(int(job.id))])

    job_watch.watch_jobs(60)

    assert partition_rows(UNARCHIVED) == {}
    assert engine.called("archive") == []
