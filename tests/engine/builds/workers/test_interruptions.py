"""A claim that is interrupted at any call, and many workers at once (builds.md 15, 19)."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace
from pynamodb.connection.base import Connection

from chalicelib.builds import rows as build_rows
from chalicelib.builds.rows import ORIGIN_SLOT, JobRow, SlotRow, WaitingJobRow, slots_partition
from chalicelib.builds.workers import bundle, claims, search, taking
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.builds.build_states import JobState
from chalicelib.platform import config
from chalicelib.platform.table import rows
from tests.builders.motor_double import Calls
from tests.builders.waiting_jobs import LINUX, a_waiting_job, an_empty_origin, job_of, settle
from tests.builders.workers import a_claim, access_of_a_new_worker, claim


class Killed(BaseException):
    """The process of the request ends here."""


def killed_after(calls: int, act: Callable[[], Any], patch: pytest.MonkeyPatch) -> bool:
    """Run a request that ends after so many calls to the table. Returns False if it makes no more calls than that."""
    made = 0
    original = Connection._make_api_call

    def call(self: Connection, *arguments: Any, **more: Any) -> Any:
        nonlocal made
        if made >= calls:
            raise Killed
        made += 1
        return original(self, *arguments, **more)

    with patch.context() as patched:
        patched.setattr(Connection, "_make_api_call", call)
        try:
            act()
        except Killed:
            return True
    return False


def assert_consistent(job: JobRow) -> None:
    """The job waits and occupies nothing, or a worker holds it and it occupies two slots."""
    waiting = [int(row.job_id) for row in rows(WaitingJobRow, build_rows.waiting_key(job).pk)]
    slots = {row.sk for row in rows(SlotRow, slots_partition(LINUX)) if row.job_id == job.id}
    now = job_of(job)
    if now.job_state is JobState.PENDING:
        assert (waiting, slots) == ([job.id], set())
    else:
        assert (waiting, slots) == ([], {now.origin_slot, now.target_slot})
        assert now.lease_until >= time.time()


def test_an_interrupted_claim_is_completed_by_its_repeat(monkeypatch: pytest.MonkeyPatch, motor: Calls) -> None:
    worker = access_of_a_new_worker()
    calls = 0
    while True:
        job, claim_id = a_waiting_job(an_empty_origin()), a_claim()

        def request(claim_id: str = claim_id) -> None:
            claimed = claim(worker, claim_id)
            assert claimed is not None
            bundle.of_job(claimed, worker)

        was_killed = killed_after(calls, request, monkeypatch)
        assert_consistent(job)
        motor.clear()
        repeated = claim(worker, claim_id)

        assert repeated is not None
        assert repeated.id == job.id
        assert motor == [("start_job", (job.id, 1))]
        assert bundle.of_job(repeated, worker).job.id == str(job.id)
        assert_consistent(job)
        settle(job)
        if not was_killed:
            break
        calls += 1
    assert calls >= 6


def test_an_interrupted_claim_that_is_not_repeated_leaves_a_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = access_of_a_new_worker()
    for calls in range(12):
        job = a_waiting_job(an_empty_origin())
        killed_after(calls, lambda: claim(worker), monkeypatch)
        assert_consistent(job)
        if job_of(job).job_state is JobState.PENDING:
            assert claim(access_of_a_new_worker()) is not None
        settle(job)


def test_many_workers_get_every_job_exactly_once_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    per_origin, per_target = 4, 12
    changed = replace(config.config, jobs_per_origin=per_origin, jobs_per_target=per_target)
    for module in (search, taking, config):
        monkeypatch.setattr(module, "config", changed)
    origins = [an_empty_origin() for _ in range(5)]
    jobs = {int(job.id): job for origin in origins for job in (a_waiting_job(origin) for _ in range(20))}
    worker = access_of_a_new_worker()
    exceeded: list[Counter[str]] = []

    def work(_: int) -> list[int]:
        done = []
        idle = 0
        while idle < 200 and len(finished) < len(jobs):
            job = claim(worker)
            if job is None:
                idle += 1
                time.sleep(0.005)
                continue
            idle = 0
            running = Counter(row.origin for row in rows(SlotRow, slots_partition(LINUX), begins=ORIGIN_SLOT))
            if running.total() > per_target or max(running.values(), default=0) > per_origin:
                exceeded.append(running)
            settle(job)
            done.append(int(job.id))
            finished.append(int(job.id))
        return done

    finished: list[int] = []
    with ThreadPoolExecutor(32) as threads:
        done = [job_id for of_thread in threads.map(work, range(32)) for job_id in of_thread]

    assert sorted(done) == sorted(jobs)
    assert exceeded == []
    assert list(rows(SlotRow, slots_partition(LINUX))) == []


def test_parallel_claims_fill_the_limits_of_all_origins_fairly(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = replace(config.config, jobs_per_origin=10, jobs_per_target=20)
    for module in (search, taking, config):
        monkeypatch.setattr(module, "config", changed)
    origins = [an_empty_origin() for _ in range(5)]
    for number, origin in enumerate(origins):
        for _ in range(40 if number == 0 else 6):
            a_waiting_job(origin)
    worker: WorkerAccess = access_of_a_new_worker()

    def claim_until_held(_: int) -> JobRow | None:
        for _attempt in range(50):
            job = claim(worker)
            if job is not None:
                return job
        return None

    with ThreadPoolExecutor(32) as threads:
        held = [job for job in threads.map(claim_until_held, range(32)) if job is not None]

    running = Counter(job.origin for job in held)
    assert running.total() == 20
    assert min(running[origin] for origin in origins) >= 2, running
    assert max(running.values()) <= 7, running
    assert claims.TRIES > 1
