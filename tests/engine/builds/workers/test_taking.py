"""The transaction that hands a job to a worker: limits, slots and tokens (builds.md 8.4, 15)."""

import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.builds import rows as build_rows
from chalicelib.builds.engine import settling
from chalicelib.builds.rows import JobRow, SlotRow, WaitingJobRow, slots_partition
from chalicelib.builds.workers import bundle, search, service, taking
from chalicelib.builds.workers.errors import ClaimRefused
from chalicelib.catalog.job_token_rows import job_token_key
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.builds.build_states import JobState
from chalicelib.identity.errors import AttemptOver, TokenRefused
from chalicelib.platform.config import config
from chalicelib.platform.table import delete_many, put_many, read, rows
from tests.builders.job_groups import a_group, start
from tests.builders.motor_double import Calls
from tests.builders.settings import change_settings
from tests.builders.waiting_jobs import (
    LINUX,
    a_waiting_job,
    an_empty_origin,
    is_origin_slot,
    job_of,
    settle,
)
from tests.builders.workers import access_of_a_new_worker, access_of_a_worker_of, claim
from tests.perf.simulated_time import Writer, simulated_time

LIMITED = (search, taking)
"""The modules that read the limits of running jobs."""


def slots() -> list[SlotRow]:
    return list(rows(SlotRow, slots_partition(LINUX)))


def test_a_claim_hands_the_job_over(worker: WorkerAccess, origin: str, motor: Calls) -> None:
    waiting = a_waiting_job(origin, log_lines=7, log_bytes=70, task_token="old", result="{}")

    claimed = claim(worker)

    assert claimed is not None
    job = job_of(waiting)
    assert job.attribute_values == claimed.attribute_values | {"task_token": None, "result": None}
    assert (job.job_state, job.attempt, job.worker) == (JobState.DISPATCHED, 1, "builder-1")
    assert (job.worker_id, job.log_base, job.log_lines, job.log_bytes) == (f"/{worker.id}", 7, 7, 70)
    assert time.time() < job.lease_until <= time.time() + config.lease_seconds
    assert list(rows(WaitingJobRow, build_rows.waiting_key(job).pk)) == []
    assert {slot.sk for slot in slots()} == {job.origin_slot, job.target_slot}
    assert {(slot.job_id, slot.origin, slot.worker_id) for slot in slots()} == {(job.id, origin, f"/{worker.id}")}
    assert motor == [("start_job", (job.id, 1))]


def test_an_origin_runs_no_more_jobs_than_its_limit(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_settings(monkeypatch, LIMITED, jobs_per_origin=2)
    jobs = [a_waiting_job(origin) for _ in range(3)]
    assert [claim(worker) is None for _ in range(3)] == [False, False, True]

    settle(jobs[0])

    assert claim(worker) is not None


def test_a_target_runs_no_more_jobs_than_its_limit(worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    change_settings(monkeypatch, LIMITED, jobs_per_target=2)
    for _ in range(3):
        a_waiting_job(an_empty_origin())

    assert [claim(worker) is None for _ in range(3)] == [False, False, True]


def test_slots_have_numbers_below_the_limits(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_settings(monkeypatch, LIMITED, jobs_per_origin=3, jobs_per_target=3)
    for _ in range(3):
        a_waiting_job(origin)
        assert claim(worker) is not None

    keys = sorted(slot.sk for slot in slots())
    assert [key for key in keys if is_origin_slot(key)] == [f"ORIGIN#{origin}#{n:04d}" for n in range(3)]
    assert [key for key in keys if not is_origin_slot(key)] == [f"TARGET#{n:04d}" for n in range(3)]


def test_workers_of_origins_do_not_occupy_the_slots_of_the_target(
    worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a few origins with idle workers of their own could stop the builds of all others."""
    change_settings(monkeypatch, LIMITED, jobs_per_target=1, jobs_per_origin=2)
    greedy, other = an_empty_origin(), an_empty_origin()
    for _ in range(3):
        a_waiting_job(greedy)
    hoarder = access_of_a_worker_of(greedy)

    assert [claim(hoarder) is None for _ in range(3)] == [False, False, True]
    assert {slot.sk for slot in slots()} == {f"WORKERS-OF#{greedy}#{number:04d}" for number in range(2)}
    a_waiting_job(other)
    assert claim(worker) is not None
    assert claim(worker) is None  # the only slot of the target is taken


def test_the_slot_of_a_worker_of_an_origin_is_freed() -> None:
    group = a_group([[]], origin=an_empty_origin())
    worker = access_of_a_worker_of(group.origin)
    start(group)
    job = claim(worker)
    assert job is not None
    assert job_of(job).target_slot is None

    settling.settle(int(job.id), 1, settling.Cause.LOST)

    assert slots() == []


def test_a_worker_of_a_deleted_origin_gets_nothing(worker: WorkerAccess, origin: str) -> None:
    a_waiting_job(origin)
    stale = replace(worker, origin=origin, origin_id=1)

    with pytest.raises(ClaimRefused, match="origin of the worker was deleted"):
        claim(stale)


def test_a_worker_that_was_revoked_meanwhile_gets_no_tokens(worker: WorkerAccess, origin: str) -> None:
    job = a_waiting_job(origin)
    service.revoke_for_all_origins(worker.id)
    claimed = claim(worker)
    assert claimed is not None

    with pytest.raises(TokenRefused):
        bundle.of_job(claimed, worker)

    assert read(job_token_key(int(job.id), 1)) is None


@pytest.mark.parametrize("seed", range(12))
def test_no_tokens_outlive_a_revocation_at_the_same_time(worker: WorkerAccess, origin: str, seed: int) -> None:
    job, answers = a_waiting_job(origin), []

    def claims(_: Writer) -> None:
        claimed = claim(worker)
        assert claimed is not None
        with suppress(TokenRefused, AttemptOver):
            answers.append(bundle.of_job(claimed, worker))

    with simulated_time(seed) as clock:
        clock.run([claims, lambda _: service.revoke_for_all_origins(worker.id)])

    assert read(job_token_key(int(job.id), 1)) is None
    assert len(answers) <= 1


def test_claims_with_one_credential_do_not_meet_on_it() -> None:
    worker, jobs = access_of_a_new_worker(), [a_waiting_job(an_empty_origin()) for _ in range(4)]
    met: Counter[str] = Counter()

    def claims(writer: Writer) -> None:
        assert claim(worker) is not None
        met.update(writer.rows)

    with simulated_time() as clock:
        clock.run([claims] * len(jobs))

    assert "WORKERS" not in met


@pytest.mark.parametrize("state", [None, JobState.CANCEL_COMPLETE])
def test_a_waiting_row_whose_job_does_not_wait_is_deleted(
    worker: WorkerAccess, origin: str, state: JobState | None
) -> None:
    gone, job = a_waiting_job(origin), a_waiting_job(origin)
    if state is None:
        delete_many([build_rows.job_key(int(gone.id))])
    else:
        gone.state = str(state)
        put_many([gone])

    claimed = claim(worker)

    assert claimed is not None
    assert claimed.id == job.id
    assert list(rows(WaitingJobRow, build_rows.waiting_key(gone).pk)) == []


@pytest.mark.parametrize("is_recreated", [False, True])
def test_a_job_of_a_deleted_origin_is_not_built_and_does_not_hold_up_others(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch, is_recreated: bool
) -> None:
    gone = an_empty_origin()
    lost, job = a_waiting_job(gone), a_waiting_job(origin)
    delete_many([origin_key(gone)])
    if is_recreated:  # a plan of the former owner would get the secrets of the new one
        an_empty_origin(gone)
    settled: list[Any] = []

    def settle_unclaimed(job: JobRow, cause: settling.Cause) -> None:
        settled.append((job.id, cause))
        delete_many([build_rows.waiting_key(lost)])

    monkeypatch.setattr(settling, "settle_in_request", settle_unclaimed)
    claimed = claim(worker)

    assert claimed is not None
    assert claimed.id == job.id
    assert settled == [(lost.id, settling.Cause.NEVER_CLAIMED)]


def test_a_job_of_a_deleted_origin_is_not_handed_over_for_a_new_one(worker: WorkerAccess, origin: str) -> None:
    job = a_waiting_job(origin)
    delete_many([origin_key(origin)])
    an_empty_origin(origin)

    assert claim(worker) is None
    assert list(rows(SlotRow, slots_partition(LINUX), keys_only=True)) == []
    assert job_of(job).worker is None


def test_the_tokens_of_a_job_are_bound_to_its_origin(worker: WorkerAccess, origin: str) -> None:
    job = a_waiting_job(origin)
    assert claim(worker) is not None

    row, current = read(job_token_key(int(job.id), 1)), read(origin_key(origin))

    assert row is not None
    assert current is not None
    assert row.origin_id == current.id
