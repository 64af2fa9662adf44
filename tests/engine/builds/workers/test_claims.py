"""The claim of a job: what it writes, repeats of it, and which job a worker gets (builds.md 8.4, 15)."""

import time
from threading import Event
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.builds import rows as build_rows
from chalicelib.builds.engine import settling
from chalicelib.builds.rows import JobRow, SlotRow, WaitingJobRow, WaitingOriginRow, slots_partition
from chalicelib.builds.workers import claims, presence, search, service, taking
from chalicelib.builds.workers.errors import ClaimInvalid, ClaimRefused
from chalicelib.catalog.job_token_rows import job_token_key
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.core.build_access import WorkerAccess
from chalicelib.core.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.identity.errors import TokenRefused
from chalicelib.platform import config, waiting
from chalicelib.platform.table import delete_many, put_many, read, rows
from tests.builders.job_groups import a_group, start
from tests.builders.motor_double import Calls
from tests.builders.waiting_jobs import (
    LINUX,
    a_waiting_job,
    an_empty_origin,
    is_origin_slot,
    job_of,
    note_origin,
    settle,
)
from tests.builders.workers import a_claim, access_of_a_new_worker, claim


@pytest.fixture
def worker() -> WorkerAccess:
    return access_of_a_new_worker()


@pytest.fixture
def origin() -> str:
    return an_empty_origin()


def limit(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """Change settings for the test."""
    changed = replace(config.config, **settings)
    for module in (search, config, taking):
        monkeypatch.setattr(module, "config", changed)


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
    assert time.time() < job.lease_until <= time.time() + config.config.lease_seconds
    assert list(rows(WaitingJobRow, build_rows.waiting_key(job).pk)) == []
    assert {slot.sk for slot in slots()} == {job.origin_slot, job.target_slot}
    assert {(slot.job_id, slot.origin, slot.worker_id) for slot in slots()} == {(job.id, origin, f"/{worker.id}")}
    assert motor == [("start_job", (job.id, 1))]


def test_a_claim_is_answered_at_once_if_too_many_wait(
    worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch, motor: Calls
) -> None:
    monkeypatch.setattr(claims, "sleep", lambda _: pytest.fail("the request waits"))
    monkeypatch.setattr(waiting, "_places", None)
    waiting.limit_places(1)

    with waiting.place(20):
        assert claim(worker, wait=20) is None


def test_there_is_no_job_if_none_waits(worker: WorkerAccess, motor: Calls) -> None:
    assert claim(worker) is None
    assert motor == []


def test_a_job_of_another_target_is_not_handed_over(worker: WorkerAccess, origin: str) -> None:
    a_waiting_job(origin, target=Target.X86_64_WINDOWS)

    assert claim(worker) is None


def test_a_repeat_returns_the_same_job_and_starts_its_execution_again(
    worker: WorkerAccess, origin: str, motor: Calls
) -> None:
    job, other, claim_id = a_waiting_job(origin), a_waiting_job(origin), a_claim()

    first, second = claim(worker, claim_id), claim(worker, claim_id)

    assert first is not None
    assert second is not None
    assert first.id == second.id == job.id
    assert job_of(other).job_state is JobState.PENDING
    assert motor == [("start_job", (job.id, 1))] * 2


def test_another_worker_cannot_repeat_a_claim(worker: WorkerAccess, origin: str) -> None:
    a_waiting_job(origin)
    claim_id = a_claim()
    assert claim(worker, claim_id) is not None

    assert claim(access_of_a_new_worker(), claim_id) is None


@pytest.mark.parametrize("again", [False, True])
def test_a_repeat_after_the_attempt_gets_another_job(worker: WorkerAccess, origin: str, again: bool) -> None:
    job, claim_id = a_waiting_job(origin), a_claim()
    assert claim(worker, claim_id) is not None
    settle(job, again=again)
    other = a_waiting_job(origin)

    repeated = claim(worker, claim_id)

    assert repeated is not None
    assert (repeated.id, repeated.attempt) == ((job.id, 2) if again else (other.id, 1))


def test_a_repeat_does_not_return_an_attempt_of_another_worker(worker: WorkerAccess, origin: str) -> None:
    job, claim_id = a_waiting_job(origin), a_claim()
    assert claim(worker, claim_id) is not None
    settle(job, again=True)
    assert claim(access_of_a_new_worker()) is not None

    assert claim(worker, claim_id) is None


def test_a_reported_job_is_not_handed_over_again(worker: WorkerAccess, origin: str) -> None:
    job, claim_id = a_waiting_job(origin), a_claim()
    assert claim(worker, claim_id) is not None
    row = job_of(job)
    row.result = "{}"
    put_many([row])

    assert claim(worker, claim_id) is None


def test_of_two_requests_with_one_claim_only_one_gets_a_job(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has given the first request up, and repeats it while the first still waits."""
    jobs, claim_id = [a_waiting_job(origin) for _ in range(2)], a_claim()
    next_waiting, repeated = search.next_waiting, []

    def repeat_first(*arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(search, "next_waiting", next_waiting)
        found = next_waiting(*arguments, **more)
        repeated.append(claim(worker, claim_id))
        return next_waiting(*arguments, **more) if found else None

    monkeypatch.setattr(search, "next_waiting", repeat_first)
    first = claim(worker, claim_id)

    assert first is not None
    assert [first.id] == [row.id for row in repeated if row is not None] == [jobs[0].id]
    assert job_of(jobs[1]).job_state is JobState.PENDING


def test_a_late_request_does_not_get_a_second_job_for_its_claim(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, claim_id = [a_waiting_job(origin) for _ in range(2)], a_claim()
    next_waiting = search.next_waiting

    def repeat_and_end(*arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(search, "next_waiting", next_waiting)
        assert claim(worker, claim_id) is not None
        settle(jobs[0])
        return next_waiting(*arguments, **more)

    monkeypatch.setattr(search, "next_waiting", repeat_and_end)

    assert claim(worker, claim_id) is None
    assert job_of(jobs[1]).job_state is JobState.PENDING


def test_the_origin_with_the_fewest_running_jobs_comes_first(worker: WorkerAccess) -> None:
    busy, idle = an_empty_origin(), an_empty_origin()
    for _ in range(4):
        a_waiting_job(busy)
    for _ in range(2):
        a_waiting_job(idle)

    order = [job.origin for job in iter(lambda: claim(worker), None)]

    assert order == [busy, idle, busy, idle, busy, busy]


def test_the_oldest_group_and_the_heaviest_job_of_an_origin_come_first(worker: WorkerAccess, origin: str) -> None:
    light = a_waiting_job(origin, group_id=7, weight=1)
    heavy = a_waiting_job(origin, group_id=7, weight=9)
    older = a_waiting_job(origin, group_id=3)

    order = [job.id for job in iter(lambda: claim(worker), None)]

    assert order == [older.id, heavy.id, light.id]


def test_an_origin_runs_no_more_jobs_than_its_limit(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, jobs_per_origin=2)
    jobs = [a_waiting_job(origin) for _ in range(3)]
    assert [claim(worker) is None for _ in range(3)] == [False, False, True]

    settle(jobs[0])

    assert claim(worker) is not None


def test_a_target_runs_no_more_jobs_than_its_limit(worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, jobs_per_target=2)
    for _ in range(3):
        a_waiting_job(an_empty_origin())

    assert [claim(worker) is None for _ in range(3)] == [False, False, True]


def test_slots_have_numbers_below_the_limits(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, jobs_per_origin=3, jobs_per_target=3)
    for _ in range(3):
        a_waiting_job(origin)
        assert claim(worker) is not None

    keys = sorted(slot.sk for slot in slots())
    assert [key for key in keys if is_origin_slot(key)] == [f"ORIGIN#{origin}#{n:04d}" for n in range(3)]
    assert [key for key in keys if not is_origin_slot(key)] == [f"TARGET#{n:04d}" for n in range(3)]


def own_worker(origin: str) -> WorkerAccess:
    """Create a worker that gets the jobs of an origin only."""
    row = read(origin_key(origin))
    assert row is not None
    new, _ = service._row(origin, int(row.id), service.NewWorker("own", (LINUX,)), "bobo")
    put_many([new])
    return WorkerAccess(int(new.id), "own", frozenset({LINUX}), origin, int(row.id))


def test_a_worker_of_an_origin_gets_only_the_jobs_of_its_origin(worker: WorkerAccess) -> None:
    own, other = an_empty_origin(), an_empty_origin()
    a_waiting_job(other)
    job = a_waiting_job(own)
    bound = own_worker(own)

    claimed = claim(bound)

    assert claimed is not None
    assert claimed.id == job.id
    assert job_of(job).worker_id == f"{own}/{bound.id}"
    assert claim(bound) is None


def test_workers_of_origins_do_not_occupy_the_slots_of_the_target(
    worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a few origins with idle workers of their own could stop the builds of all others."""
    limit(monkeypatch, jobs_per_target=1, jobs_per_origin=2)
    greedy, other = an_empty_origin(), an_empty_origin()
    for _ in range(3):
        a_waiting_job(greedy)
    hoarder = own_worker(greedy)

    assert [claim(hoarder) is None for _ in range(3)] == [False, False, True]
    assert {slot.sk for slot in slots()} == {f"WORKERS-OF#{greedy}#{number:04d}" for number in range(2)}
    a_waiting_job(other)
    assert claim(worker) is not None
    assert claim(worker) is None  # the only slot of the target is taken


def test_the_slot_of_a_worker_of_an_origin_is_freed() -> None:
    group = a_group([[]], origin=an_empty_origin())
    worker = own_worker(group.origin)
    start(group)
    job = claim(worker)
    assert job is not None
    assert job_of(job).target_slot is None

    settling.settle(int(job.id), 1, settling.Cause.LOST)

    assert slots() == []


def test_many_origins_cannot_hide_the_jobs_of_another(worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ORIGINS_READ", 3)
    last = an_empty_origin("zzzz-last")
    for number in range(7):
        note_origin(LINUX, f"aaaa-{number}")
    job = a_waiting_job(last)

    claimed = [claim(worker) for _ in range(3)]

    assert [each.id for each in claimed if each is not None] == [job.id]


def test_origins_without_jobs_do_not_use_up_the_questions_of_a_search(
    worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such origins have fewer running jobs than the one that waits, and would otherwise come first every time."""
    monkeypatch.setattr(search, "ORIGINS_ASKED", 8)
    busy = an_empty_origin()
    a_waiting_job(busy)
    assert claim(worker) is not None
    job = a_waiting_job(busy)
    for number in range(20):
        note_origin(LINUX, f"empty-{number}")

    claimed = [claim(worker) for _ in range(4)]

    assert [each.id for each in claimed if each is not None] == [job.id]


def test_a_worker_of_a_deleted_origin_gets_nothing(worker: WorkerAccess, origin: str) -> None:
    a_waiting_job(origin)
    stale = replace(worker, origin=origin, origin_id=1)

    with pytest.raises(ClaimRefused, match="origin of the worker was deleted"):
        claim(stale)


def test_a_worker_that_was_revoked_meanwhile_gets_nothing(worker: WorkerAccess, origin: str) -> None:
    job = a_waiting_job(origin)
    service.revoke_for_all_origins(worker.id)

    with pytest.raises(TokenRefused):
        claim(worker)

    assert job_of(job).job_state is JobState.PENDING


def test_revoking_a_worker_ends_the_tokens_of_its_jobs(worker: WorkerAccess, origin: str) -> None:
    others = access_of_a_new_worker()
    job, kept = a_waiting_job(origin), a_waiting_job(origin)
    assert claim(worker) is not None
    assert claim(others) is not None

    service.revoke_for_all_origins(worker.id)

    assert read(job_token_key(int(job.id), 1)) is None
    assert read(job_token_key(int(kept.id), 1)) is not None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"claim": "short"}, "`claim` must be 16 to 100"),
        ({"claim": "x" * 101}, "`claim` must be 16 to 100"),
        ({"claim": "line\n" + "x" * 20}, "`claim` must be 16 to 100"),
        ({"name": " "}, "`worker` must be 1 to 100"),
        ({"name": "x" * 101}, "`worker` must be 1 to 100"),
        ({"wait": -1}, "`wait` must be 0 to 20"),
        ({"wait": 21}, "`wait` must be 0 to 20"),
        ({"wait": float("nan")}, "`wait` must be 0 to 20"),
        ({"target": "pdp11"}, "Invalid package target 'pdp11'"),
    ],
)
def test_a_claim_with_an_invalid_field_is_refused(worker: WorkerAccess, fields: dict[str, Any], message: str) -> None:
    request = claims.Request(str(LINUX), a_claim(), "builder-1")

    with pytest.raises(ClaimInvalid, match=message):
        claims.claim(replace(request, **fields), worker)


def test_a_worker_cannot_claim_for_other_targets_than_its_own(worker: WorkerAccess) -> None:
    with pytest.raises(ClaimRefused, match="may not build for x86_64-windows"):
        claim(worker, target=Target.X86_64_WINDOWS)


@pytest.mark.parametrize(("running", "longest"), [(0, claims.LONGEST_PAUSE), (1, claims.BUSY_PAUSE)])
def test_a_claim_waits_with_growing_pauses(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch, running: int, longest: float
) -> None:
    for _ in range(running):
        a_waiting_job(origin)
        assert claim(worker) is not None
    now, pauses = [0.0], []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(claims, "clock", lambda: now[0])
    monkeypatch.setattr(claims, "sleep", pause)

    assert claim(worker, wait=20) is None

    assert pauses[0] == claims.FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert max(pauses) == longest
    assert 18 < now[0] <= 20


def test_a_claim_ends_with_its_process_and_takes_no_job_that_nobody_would_build(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_ending", Event())

    def end(_: float) -> None:
        a_waiting_job(origin)
        waiting.end()

    monkeypatch.setattr(claims, "sleep", end)

    assert claim(worker, wait=20) is None


def test_a_job_that_arrives_during_the_wait_is_handed_over(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "sleep", lambda seconds: a_waiting_job(origin))

    assert claim(worker, wait=5) is not None


def test_only_an_old_row_of_an_origin_without_jobs_is_deleted(worker: WorkerAccess) -> None:
    old, young = an_empty_origin(), an_empty_origin()
    note_origin(LINUX, old, age=search.HINT_SECONDS + 1)
    note_origin(LINUX, young, age=search.HINT_SECONDS - 10)

    assert claim(worker) is None

    assert [row.sk for row in rows(WaitingOriginRow, build_rows.waiting_origins_partition(LINUX))] == [young]


def test_the_row_of_an_origin_that_is_written_again_meanwhile_is_kept(
    worker: WorkerAccess, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_origin(LINUX, origin, age=search.HINT_SECONDS + 1)
    forget = search._forget

    def write_and_forget(*arguments: Any) -> None:
        a_waiting_job(origin)
        forget(*arguments)

    monkeypatch.setattr(search, "_forget", write_and_forget)
    assert claim(worker) is None

    assert claim(worker) is not None


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


def test_a_worker_is_seen_when_it_asks_for_a_job(worker: WorkerAccess, origin: str) -> None:
    before = time.time() - 1

    claim(worker)

    seen = presence.last_seen(LINUX, origin)
    assert seen is not None
    assert seen >= int(before)
    assert presence.last_seen(Target.AARCH64_DARWIN, origin) is None


def test_requests_and_their_errors_do_not_show_the_claim() -> None:
    assert "secret-claim" not in repr(claims.Request(str(LINUX), "secret-claim" * 2, "builder-1"))


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
