"""The steps of a job: a report is never missed, and an attempt is settled by what the row says."""

import pytest

from chalicelib.builds import motor
from chalicelib.builds.engine.settling import Cause
from chalicelib.builds.rows import JobRow
from chalicelib.builds.steps import job as steps
from chalicelib.core.builds.build_states import JobState
from tests.builders.engine_double import EngineDouble
from tests.builders.group_rows import ago
from tests.builders.job_rows import a_job, job_row


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose waits were ended."""
    tokens: list[str] = []
    monkeypatch.setattr(motor, "end_wait", tokens.append)
    return tokens


def watch(job: JobRow, attempt: int = 1) -> None:
    """Take the step that stores a token."""
    steps.run({"step": "watch", "job": int(job.id), "attempt": attempt, "token": "a new token"})


def test_the_token_is_stored(engine: EngineDouble, ended: list[str]) -> None:
    job = a_job(JobState.DISPATCHED, task_token=None)

    watch(job)

    assert job_row(int(job.id)).task_token == "a new token"
    assert ended == []


@pytest.mark.parametrize(
    ("state", "more"),
    [
        (JobState.DISPATCHED, {"result": "{}"}),
        (JobState.DISPATCHED, {"attempt": 2}),
        (JobState.COMPLETE, {}),
        (JobState.PENDING, {}),
    ],
)
def test_an_attempt_that_is_over_is_not_waited_for(
    engine: EngineDouble, ended: list[str], state: JobState, more: dict[str, object]
) -> None:
    job = a_job(state, task_token="that of a newer attempt", **more)

    watch(job)

    assert ended == ["a new token"]
    if "result" not in more:
        assert job_row(int(job.id)).task_token == "that of a newer attempt"


def test_a_missing_job_is_not_waited_for(engine: EngineDouble, ended: list[str]) -> None:
    watch(JobRow("JOB#1", "JOB", id=1))

    assert ended == ["a new token"]


def test_a_canceled_job_is_waited_for_until_its_worker_has_ended(engine: EngineDouble, ended: list[str]) -> None:
    watch(a_job(JobState.CANCEL_PENDING))

    assert ended == []


@pytest.mark.parametrize("cause", ["reported", "lost"])
def test_an_attempt_is_settled(engine: EngineDouble, cause: str) -> None:
    job = a_job(JobState.DISPATCHED)

    steps.run({"step": "settle", "job": int(job.id), "attempt": 3, "cause": cause, "correlation_id": "x"})

    assert engine.called("settle") == [(int(job.id), 3, Cause(cause))]


def test_a_time_out_before_the_time_limit_is_a_lost_worker(engine: EngineDouble) -> None:
    early, late = a_job(JobState.DISPATCHED), a_job(JobState.DISPATCHED, claimed_at=ago(seconds=3601))

    for job in (early, late):
        steps.run({"step": "settle", "job": int(job.id), "attempt": 1, "cause": "timed out"})

    assert engine.called("settle") == [(int(early.id), 1, Cause.LOST), (int(late.id), 1, Cause.TIMED_OUT)]


def test_the_log_is_archived(engine: EngineDouble) -> None:
    steps.run({"step": "archive", "job": 1})

    assert engine.called("archive") == [(1,)]


def test_an_unknown_step_is_refused(table: None) -> None:
    with pytest.raises(ValueError, match="dance"):
        steps.run({"step": "dance", "job": 1})
