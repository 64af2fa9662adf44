"""The claim of a job: what may be asked, repeats, and waiting (builds.md 15)."""

from threading import Event
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.builds.workers import claims, search
from chalicelib.builds.workers.errors import ClaimInvalid, ClaimRefused
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.builds.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.platform import waiting
from chalicelib.platform.table import put_many
from tests.builders.motor_double import Calls
from tests.builders.waiting_jobs import (
    LINUX,
    a_waiting_job,
    job_of,
    settle,
)
from tests.builders.workers import a_claim, access_of_a_new_worker, claim


def test_a_claim_is_answered_at_once_if_too_many_wait(
    worker: WorkerAccess, monkeypatch: pytest.MonkeyPatch, motor: Calls
) -> None:
    monkeypatch.setattr(claims, "sleep", lambda _: pytest.fail("the request waits"))
    monkeypatch.setattr(waiting, "_places", None)
    waiting.limit_places(1)

    with waiting.place(20):
        assert claim(worker, wait=20) is None


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


def test_requests_and_their_errors_do_not_show_the_claim() -> None:
    assert "secret-claim" not in repr(claims.Request(str(LINUX), "secret-claim" * 2, "builder-1"))
