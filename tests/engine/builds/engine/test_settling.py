"""The end of a job ends its entry, frees its slots, and starts or skips what waited for it (builds.md 8.4, 8.5)."""

from typing import Any

import pytest

from chalicelib.builds.engine import propagation, settling
from chalicelib.builds.engine.ending import cancel
from chalicelib.builds.engine.outcomes import Outcome, outcome_of
from chalicelib.builds.engine.settling import Cause, ResultKind, settle, settle_in_request
from chalicelib.builds.rows import ATTEMPTS, JobRow, job_count_key, job_key, unarchived_partition, waiting_origin_key
from chalicelib.core.builds.build_states import JobError
from chalicelib.platform.change import Change
from chalicelib.platform.table import delete_many, read
from tests.builders.job_groups import LINUX, Group, a_group, build, claim, report, slots_of, start, waiting_jobs
from tests.builders.job_rows import job_row
from tests.builders.rows import partition_rows

pytestmark = pytest.mark.usefixtures("table")


def a_started_group(*needs: list[int]) -> Group:
    group = a_group(needs or [[]])
    start(group)
    return group


def take(group: Group) -> JobRow:
    job = claim(group.origin)
    assert job is not None
    return job


def test_a_complete_job_completes_its_entry_and_starts_its_dependents() -> None:
    group = a_started_group([], [0], [0, 1])

    job = build(group.origin, ident="acme/built/1.0/20240101000000")

    assert group.states == ["complete", "running", "waiting"]
    assert group.entries[0]["built_ident"] == "acme/built/1.0/20240101000000"
    assert group.job(0).state == "Complete"
    assert group.job(0).ident == "acme/built/1.0/20240101000000"
    assert waiting_jobs(group.origin) == [group.job_id(1)]
    assert slots_of(group.origin) == []
    assert group.open == 2
    assert group.job_id(0) == job.id


def test_nothing_of_a_worker_remains_in_a_settled_job_but_its_name() -> None:
    group = a_started_group()

    build(group.origin)

    job = group.job(0)
    held = [job.claim, job.lease_until, job.origin_slot, job.target_slot, job.task_token, job.result]
    assert [value for value in held if value is not None] == []
    assert job.worker == "worker"


def test_the_request_with_the_result_starts_the_dependents() -> None:
    group = a_started_group([], [0])
    job = take(group)
    report(job)

    settle_in_request(job_row(int(job.id)))

    assert group.states == ["complete", "running"]
    assert waiting_jobs(group.origin) == [group.job_id(1)]


def test_the_request_with_the_result_leaves_what_is_not_bounded_to_the_execution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settling, "DEPENDENTS_IN_REQUEST", 1)
    wide, failed = a_started_group([], [0], [0]), a_started_group([], [0])
    for group, kind in ((wide, ResultKind.COMPLETE), (failed, ResultKind.FAILED)):
        job = take(group)
        report(job, kind)

        settle_in_request(job_row(int(job.id)))
        assert group.states[0] != "running"
        assert set(group.states[1:]) == {"waiting"}
        assert slots_of(group.origin) == []
        settle(int(job.id), 1, Cause.REPORTED)

    assert wide.states == ["complete", "running", "running"]
    assert failed.states == ["failed", "skipped"]


def test_the_group_is_woken_by_its_last_job_only(woken: list[int]) -> None:
    group = a_started_group([], [0])

    build(group.origin)
    assert woken == []
    build(group.origin)

    assert woken == [group.id]


def test_a_failed_job_skips_everything_that_needs_it_once() -> None:
    group = a_group([[], [0], [0], [1, 2], []])
    start(group)

    job = take(group)
    report(job, ResultKind.FAILED, error="wk:run:build", step="build", last_lines="oops", ident="acme/a/1/2")
    settle(int(job.id), 1, Cause.REPORTED)

    assert group.states == ["failed", "skipped", "skipped", "skipped", "running"]
    assert group.open == 1
    failed = group.job(0)
    assert (failed.state, failed.error_code, failed.error_message) == ("Failed", 1004, "wk:run:build")
    assert (failed.failed_step, failed.last_lines, failed.ident) == ("build", "oops", "acme/a/1/2")


def test_an_entry_waits_for_all_of_its_dependencies() -> None:
    group = a_started_group([], [], [0, 1])

    build(group.origin)
    assert group.states[2] == "waiting"
    build(group.origin)

    assert group.states == ["complete", "complete", "running"]


def test_the_duration_of_a_successful_build_is_kept_for_its_project() -> None:
    group = a_group([[], []])
    start(group)

    build(
        group.origin,
        build_started_at="2024-05-05T00:42:00+00:00",
        build_finished_at="2024-05-05T00:43:30.5+00:00",
    )
    job = build(group.origin, build_started_at="yesterday", build_finished_at="today")

    built = read(job_count_key(group.origin, "package-0")), read(job_count_key(group.origin, "package-1"))
    assert [count and count.seconds for count in built] == [90, None]
    assert job.name == "package-1"
    assert group.job(0).build_finished_at == "2024-05-05T00:43:30.5+00:00"


@pytest.mark.parametrize("kind", [None, ResultKind.RETURNED])
def test_a_lost_or_returned_job_waits_for_another_worker(kind: ResultKind | None) -> None:
    group = a_started_group([], [0])
    job = take(group)
    if kind is not None:
        report(job, kind)
    delete_many([waiting_origin_key(LINUX, group.origin)])

    settle(int(job.id), 1, Cause.LOST if kind is None else Cause.REPORTED)

    again = group.job(0)
    assert (again.state, again.attempt) == ("Pending", 2)
    of_the_worker = [again.worker, again.result, again.lease_until, again.claimed_at]
    assert [value for value in of_the_worker if value is not None] == []
    assert waiting_jobs(group.origin) == [job.id]
    assert slots_of(group.origin) == []
    assert read(waiting_origin_key(LINUX, group.origin)) is not None
    assert group.states == ["running", "waiting"]


def test_a_job_fails_after_its_last_attempt() -> None:
    group = a_started_group([], [0])

    for attempt in range(1, ATTEMPTS + 1):
        settle(int(take(group).id), attempt, Cause.LOST)

    job = group.job(0)
    assert (job.state, job.attempt, job.error_code, job.error_message) == ("Failed", ATTEMPTS, 1, "timeout")
    assert group.states == ["failed", "skipped"]
    assert slots_of(group.origin) == []


@pytest.mark.parametrize("cause", [Cause.LOST, Cause.TIMED_OUT, Cause.NEVER_CLAIMED])
def test_what_the_worker_reported_counts_more_than_the_cause(cause: Cause) -> None:
    group = a_started_group()

    build(group.origin, cause=cause)

    assert group.states == ["complete"]


def test_a_build_that_takes_too_long_fails() -> None:
    group = a_started_group([], [0])

    settle(int(take(group).id), 1, Cause.TIMED_OUT)

    job = group.job(0)
    assert (job.state, job.error_code, job.error_message) == ("Failed", 1, "timeout")
    assert group.states == ["failed", "skipped"]
    assert slots_of(group.origin) == []


def test_a_job_that_no_worker_takes_fails_and_leaves_the_queue() -> None:
    group = a_started_group([], [0])

    settle(group.job_id(0), 1, Cause.NEVER_CLAIMED)

    assert (group.job(0).state, group.job(0).error_code) == ("Failed", 1)
    assert group.states == ["failed", "skipped"]
    assert waiting_jobs(group.origin) == []


def test_a_job_that_a_worker_took_in_time_does_not_count_as_never_claimed() -> None:
    group = a_started_group()
    job = take(group)

    settle(int(job.id), 1, Cause.NEVER_CLAIMED)

    assert group.job(0).state == "Dispatched"


@pytest.mark.parametrize("cause", [Cause.REPORTED, Cause.LOST, Cause.TIMED_OUT])
def test_a_job_that_waits_cannot_be_lost(cause: Cause) -> None:
    group = a_started_group()

    settle(group.job_id(0), 1, cause)

    assert group.job(0).state == "Pending"
    assert waiting_jobs(group.origin) == [group.job_id(0)]


def test_an_earlier_attempt_changes_nothing() -> None:
    group = a_started_group()
    first = take(group)
    settle(int(first.id), 1, Cause.LOST)
    second = take(group)

    assert not report(first)
    settle(int(first.id), 1, Cause.TIMED_OUT)

    assert (group.job(0).state, group.job(0).attempt) == ("Dispatched", 2)
    assert slots_of(group.origin) == [second.id, second.id]


def test_a_repeated_settlement_changes_nothing(woken: list[int]) -> None:
    group = a_started_group([], [0])
    job = build(group.origin)
    before = group.rows

    for cause in Cause:
        settle(int(job.id), 1, cause)

    assert group.rows == before
    settle(123, 1, Cause.LOST)


@pytest.mark.parametrize("kind", [*ResultKind, None])
def test_whatever_happens_to_a_canceled_job_it_ends_canceled(kind: ResultKind | None) -> None:
    group = a_started_group([], [0])
    job = take(group)
    cancel(group.id)
    assert group.job(0).state == "CancelPending"
    if kind is not None:
        report(job, kind)

    settle(int(job.id), 1, Cause.REPORTED if kind else Cause.LOST)

    assert group.job(0).state == "CancelComplete"
    assert group.states == ["canceled", "canceled"]
    assert slots_of(group.origin) == []
    assert waiting_jobs(group.origin) == []
    assert group.open == 0


def test_a_worker_that_stops_a_build_by_itself_cancels_its_entry_and_skips_the_dependents() -> None:
    group = a_started_group([], [0])

    build(group.origin, ResultKind.CANCELED)

    assert group.job(0).state == "CancelComplete"
    assert group.states == ["canceled", "skipped"]


def test_an_unknown_error_or_an_unreadable_result_is_a_system_error() -> None:
    group = a_started_group([], [])
    build(group.origin, ResultKind.FAILED, error="wk:run:unheard")
    job = take(group)
    report(job, ResultKind.FAILED, step=5)

    settle(int(job.id), 1, Cause.REPORTED)

    assert [group.job(position).error_code for position in (0, 1)] == [JobError.SYSTEM.code] * 2


def test_a_loss_that_another_call_settles_meanwhile_costs_one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    group = a_started_group()
    job = take(group)
    calls: list[object] = []

    def outcome(*arguments: Any) -> Outcome | None:
        calls.append(arguments)
        if len(calls) == 1:
            settle(int(job.id), 1, Cause.LOST)
            take(group)
        return outcome_of(*arguments)

    monkeypatch.setattr("chalicelib.builds.engine.settling.outcome_of", outcome)

    settle(int(job.id), 1, Cause.LOST)

    assert (group.job(0).state, group.job(0).attempt) == ("Dispatched", 2)
    assert slots_of(group.origin) == [job.id, job.id]


def test_a_result_that_arrives_while_a_loss_is_settled_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    group = a_started_group()
    job = take(group)
    calls: list[object] = []

    def outcome(*arguments: Any) -> Outcome | None:
        if not calls:
            report(job)
        calls.append(arguments)
        return outcome_of(*arguments)

    monkeypatch.setattr("chalicelib.builds.engine.settling.outcome_of", outcome)

    settle(int(job.id), 1, Cause.LOST)

    assert len(calls) == 2
    assert group.states == ["complete"]


def logs_to_archive() -> set[int]:
    """Return the ids of the jobs that are noted because their logs must be archived."""
    return {int(sort_key) for sort_key in partition_rows(unarchived_partition(LINUX))}


@pytest.mark.parametrize("kind", [ResultKind.COMPLETE, ResultKind.FAILED])
def test_the_end_of_a_held_job_notes_that_its_log_must_be_archived(kind: ResultKind) -> None:
    group = a_started_group([])

    job = build(group.origin, kind)

    assert int(job.id) in logs_to_archive()


def test_an_attempt_that_leads_to_another_one_notes_no_log() -> None:
    group = a_started_group([])
    job = take(group)

    settle(int(job.id), 1, Cause.LOST)

    assert int(job.id) not in logs_to_archive()


@pytest.mark.parametrize("lines", [0, 3])
def test_a_waiting_job_that_is_canceled_notes_the_log_of_earlier_attempts(lines: int) -> None:
    group = a_started_group([])
    with Change() as change:
        change.update(job_key(group.job_id(0)), [JobRow.log_lines.set(lines)])

    cancel(group.id)

    assert (group.job_id(0) in logs_to_archive()) == (lines > 0)


def test_a_claim_that_ends_a_job_leaves_the_skip_of_its_dependents_to_the_repair() -> None:
    group = a_started_group([], [0])

    settle_in_request(group.job(0), Cause.NEVER_CLAIMED)

    assert group.states == ["failed", "waiting"]
    assert waiting_jobs(group.origin) == []
    propagation.repair(group.row)
    assert group.states == ["failed", "skipped"]
