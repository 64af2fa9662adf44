"""Metrics of jobs that end (builds.md 8.7)."""

import pytest

from chalicelib.builds.engine.ending import cancel
from chalicelib.builds.engine.settling import Cause, ResultKind, settle
from chalicelib.builds.workers import bundle
from chalicelib.github import installation
from chalicelib.github.errors import GitHubFailed
from tests.builders.job_groups import a_group, build, claim, start
from tests.builders.job_rows import a_job
from tests.builders.log_lines import log_lines

pytestmark = pytest.mark.usefixtures("table")
BEGAN, ENDED = "2024-05-05T00:42:00+00:00", "2024-05-05T00:43:30+00:00"


def test_jobs_that_end_are_counted_once_with_the_duration_of_builds() -> None:
    group = a_group([[], [], []])
    start(group)

    with log_lines() as log:
        job = build(group.origin, build_started_at=BEGAN, build_finished_at=ENDED)
        settle(int(job.id), int(job.attempt), Cause.REPORTED)
        build(group.origin, ResultKind.FAILED)
        held = claim(group.origin)
        assert held is not None
        cancel(group.id)
        settle(int(held.id), int(held.attempt), Cause.LOST)

    names = ("CompletedJobs", "FailedJobs", "CanceledJobs", "BuildDuration")
    ended = [{name: line[name] for name in names if name in line} for line in log.named("job ended")]
    assert ended == [{"CompletedJobs": [1.0], "BuildDuration": [90.0]}, {"FailedJobs": [1.0]}, {"CanceledJobs": [1.0]}]


def test_another_attempt_is_not_an_end() -> None:
    group = a_group([[]])
    start(group)

    with log_lines() as log:
        job = claim(group.origin)
        assert job is not None
        settle(int(job.id), 1, Cause.LOST)

    assert log.named("job ended") == []


def test_a_job_for_which_github_gives_no_token_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise GitHubFailed

    monkeypatch.setattr(installation, "installation_clone_credentials", refuse)

    with log_lines() as log:
        bundle._clone(a_job(installation_id="7"))

    assert [line["MissingCloneCredentials"] for line in log.named("no clone credentials")] == [[1.0]]
