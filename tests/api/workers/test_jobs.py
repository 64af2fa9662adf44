"""POST /work/jobs/{id}/heartbeat and /result: what the worker of a job reports (builds.md 8.5, 8.6, 14)."""

import time
from typing import Any

import pytest
from msgspec.json import decode

from chalicelib.builds.engine import settling
from chalicelib.builds.engine.settling import Result, ResultKind
from chalicelib.builds.rows import JobRow
from chalicelib.builds.workers import presence
from chalicelib.core.builds.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.identity import worker_rows
from chalicelib.platform.config import config
from chalicelib.platform.table import StoreUnavailable, put_many
from tests.api.client import Depot, Reply
from tests.builders.motor_double import Calls
from tests.builders.releases import a_release
from tests.builders.waiting_jobs import LINUX, a_waiting_job, job_of, settle
from tests.builders.workers import Worker

STARTED, FINISHED = "2026-05-05T00:42:35.213765+00:00", "2026-05-05T00:43:35.213765+00:00"


class Held:
    """A job that a worker holds, with the requests of its worker."""

    def __init__(self, depot: Depot, worker: Worker, origin: str) -> None:
        self.depot = depot
        self.row = a_waiting_job(origin, "tool")
        self.bundle = worker.gets()
        self.path = f"/work/jobs/{self.row.id}"

    def beats(self, by: str | None = None) -> Reply:
        """Send a heartbeat."""
        return self.depot.post(f"{self.path}/heartbeat", by=by or self.bundle["token"])

    def reports(self, **fields: Any) -> Reply:
        """Report a result."""
        return self.depot.post(f"{self.path}/result", by=self.bundle["token"], json=fields)

    def now(self) -> JobRow:
        """Read the job again."""
        return job_of(self.row)

    def becomes(self, **fields: Any) -> None:
        """Change fields of the job's row."""
        row = self.now()
        for name, value in fields.items():
            setattr(row, name, value)
        put_many([row])


@pytest.fixture
def job(depot: Depot, worker: Worker, origin: str, motor: Calls) -> Held:
    held = Held(depot, worker, origin)
    motor.clear()
    return held


@pytest.fixture
def ident(depot: Depot, job: Held) -> str:
    """A release that the job has published."""
    return str(a_release(depot, job.row.origin, "tool"))


def test_a_heartbeat_renews_the_lease(job: Held, motor: Calls) -> None:
    job.becomes(lease_until=5, task_token="the-task")

    reply = job.beats()

    assert (reply.status, reply.json()) == (200, {"cancel": False})
    assert time.time() < job.now().lease_until <= time.time() + config.lease_seconds
    assert job.now().job_state is JobState.DISPATCHED
    assert motor == [("heartbeat", ("the-task",))]


def test_a_heartbeat_is_a_sighting_of_the_worker(job: Held) -> None:
    presence._noted.clear()
    [row] = worker_rows.sightings_of(job.row.origin)
    row.seen_at = int(time.time()) - 300
    put_many([row])

    assert job.beats().status == 200

    seen = presence.last_seen(Target(LINUX), job.row.origin)
    assert seen is not None
    assert seen > time.time() - 60


def test_a_sighting_is_written_once_a_minute_at_most(job: Held) -> None:
    presence._noted.clear()
    [row] = worker_rows.sightings_of(job.row.origin)
    row.seen_at = moment = int(time.time()) - 30
    put_many([row])

    job.beats()

    [row] = worker_rows.sightings_of(job.row.origin)
    assert row.seen_at == moment


def test_a_heartbeat_of_a_canceled_job_tells_the_worker_to_cancel(job: Held) -> None:
    job.becomes(state=str(JobState.CANCEL_PENDING))

    for _ in range(2):
        assert job.beats().json() == {"cancel": True}
        assert job.now().job_state is JobState.CANCEL_PROCESSING


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.COMPLETE, JobState.FAILED, JobState.CANCEL_COMPLETE])
def test_a_worker_whose_attempt_has_ended_must_stop(job: Held, state: JobState) -> None:
    job.becomes(state=str(state))

    for reply in (job.beats(), job.reports(kind="returned")):
        assert (reply.status, reply.text) == (409, "The attempt of the job has ended")
    assert job.now().result is None


def test_a_worker_that_lost_its_job_must_stop(job: Held) -> None:
    job.becomes(attempt=2)

    assert job.beats().status == 409
    assert job.reports(kind="returned").status == 409


def test_the_tokens_end_with_the_attempt(depot: Depot, job: Held) -> None:
    settle(job.row)

    assert (job.beats().status, job.reports(kind="returned").status) == (409, 409)
    for token in (job.bundle["token"], job.bundle["read_token"]):
        assert depot.get(f"/depot/origins/{job.row.origin}/keys", by=token).status == 401


def test_only_the_worker_of_the_job_reports(depot: Depot, worker: Worker, job: Held) -> None:
    other = Held(depot, worker, job.row.origin)

    for by in (other.bundle["token"], job.bundle["read_token"], worker.token, "bobo"):
        for path in ("heartbeat", "result"):
            reply = depot.post(f"{job.path}/{path}", by=by, json={"kind": "returned"})
            assert reply.status == 403, by
    assert depot.post(f"{job.path}/heartbeat").status == 401
    assert depot.post(f"{job.path}/heartbeat", by=job.bundle["token"][:-3] + "abc").status == 401
    assert job.now().result is None


def test_the_result_of_a_complete_build_is_stored(job: Held, ident: str, motor: Calls) -> None:
    job.becomes(task_token="the-task")
    sent = {"kind": "complete", "ident": ident, "build_started_at": STARTED, "build_finished_at": FINISHED}

    reply = job.reports(**sent)

    assert (reply.status, reply.body) == (204, b"")
    stored = decode(job.now().result, type=Result)
    assert stored == Result(ResultKind.COMPLETE, ident, build_started_at=STARTED, build_finished_at=FINISHED)
    assert motor == [("end_wait", ("the-task",))]
    assert job.now().job_state is JobState.DISPATCHED


def test_a_repeat_of_a_result_changes_nothing_and_wakes_the_execution_again(job: Held, motor: Calls) -> None:
    failed = {"kind": "failed", "error": "wk:run:build", "step": "build", "last_lines": "oh\nno"}
    assert job.reports(**failed).status == 204
    assert motor == []
    job.becomes(task_token="the-task")

    assert job.reports(**failed).status == 204

    assert motor == [("end_wait", ("the-task",))]
    other = job.reports(kind="returned")
    assert (other.status, other.text) == (409, "Another result of the attempt is stored already")
    assert decode(job.now().result, type=Result).kind is ResultKind.FAILED


def test_a_result_counts_although_the_table_is_unavailable_after_it(
    job: Held, motor: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(settling, "settle_in_request", unavailable)
    job.becomes(task_token="a token")

    assert job.reports(kind="returned").status == 204

    assert job.now().result is not None
    assert motor == [("end_wait", ("a token",))]


def test_a_canceled_job_takes_a_result(job: Held) -> None:
    job.becomes(state=str(JobState.CANCEL_PROCESSING))

    assert job.reports(kind="canceled").status == 204
    assert job.now().result is not None


@pytest.mark.parametrize(("ident", "stored"), [("{o}/tool/1.0/1", True), ("{o}/other/1.0/1", False)])
def test_a_failed_build_keeps_only_an_ident_of_its_package(job: Held, ident: str, stored: bool) -> None:
    ident = ident.replace("{o}", job.row.origin)

    assert job.reports(kind="failed", error="wk:run:build", ident=ident).status == 204

    assert decode(job.now().result, type=Result).ident == (ident if stored else "")


def test_long_texts_of_a_result_are_cut(job: Held) -> None:
    assert (
        job.reports(kind="failed", error="wk:run:build", step="s" * 999, last_lines="x" * 30_000 + "end").status == 204
    )

    result = decode(job.now().result, type=Result)
    assert result.step == "s" * 200
    assert len(result.last_lines) == 20_000
    assert result.last_lines.endswith("xend")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "nonsense"}, "`kind` must be one of complete, failed, canceled, returned"),
        ({"kind": "complete"}, "`ident` must be origin/name/version/release"),
        ({"kind": "complete", "ident": "{o}/tool"}, "`ident` must be origin/name/version/release"),
        ({"kind": "complete", "ident": "{o}/other/1/1"}, "`ident` must be a release of {o}/tool"),
        ({"kind": "complete", "ident": "core/tool/1/1"}, "`ident` must be a release of {o}/tool"),
        ({"kind": "complete", "ident": "{o}/tool/1/1"}, "must be a release in the depot for x86_64-linux"),
        ({"kind": "failed"}, "`error` must be one of"),
        ({"kind": "failed", "error": "other"}, "`error` must be one of"),
        ({"kind": "failed", "error": "wk:run:build", "ident": "a/b"}, "`ident` must be origin/name/version/release"),
        ({"kind": "returned", "error": "timeout"}, "`error` must be empty"),
        ({"kind": "returned", "build_started_at": "yesterday"}, "`build_started_at` must be a time"),
        ({"kind": "returned", "build_finished_at": "2026-05-05T00:42:35"}, "`build_finished_at` must be a time"),
    ],
)
def test_an_invalid_result_is_refused(job: Held, fields: dict[str, str], message: str) -> None:
    origin = job.row.origin

    reply = job.reports(**{name: value.replace("{o}", origin) for name, value in fields.items()})

    assert reply.status == 422
    assert message.replace("{o}", origin) in reply.text
    assert job.now().result is None


def test_a_release_of_another_target_is_not_the_result(depot: Depot, job: Held) -> None:
    ident = a_release(depot, job.row.origin, "tool", target="x86_64-windows")

    assert job.reports(kind="complete", ident=str(ident)).status == 422


def test_a_result_that_is_not_json_is_400(depot: Depot, job: Held) -> None:
    headers = {"Content-Type": "application/json"}

    assert depot.post(f"{job.path}/result", by=job.bundle["token"], body=b"{", headers=headers).status == 400
