"""Whole builds: the state machines, their steps and the engine, with a worker that a test plays."""

import json
from collections.abc import Iterator

import pytest

import app
from chalicelib.builds import motor
from chalicelib.builds.engine import ending
from chalicelib.builds.engine.settling import ResultKind
from chalicelib.builds.jobs import archive
from chalicelib.builds.rows import JobRow, job_key
from chalicelib.core.builds.build_states import GroupState, JobState
from chalicelib.platform.aws import client
from chalicelib.platform.change import Change
from chalicelib.platform.config import Config
from chalicelib.scheduled import group_watch, job_watch
from local.moto_executions import forget_executions
from tests.builders import state_machines as machines
from tests.builders.group_rows import LINUX
from tests.builders.job_groups import Group, a_group, claim, report, start
from tests.builders.job_rows import job_row
from tests.builders.rows import empty_partition
from tests.builders.waiting import until

CHAIN: list[list[int]] = [[], [0], [1]]


@pytest.fixture
def archived(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs whose logs were archived."""
    jobs: list[int] = []
    monkeypatch.setattr(archive, "archive", jobs.append)
    return jobs


@pytest.fixture
def deployed(table: None, settings: Config, archived: list[int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """The deployed state machines and functions."""
    for pk in (f"OPEN-GROUPS#{LINUX}", f"SLOTS#{LINUX}"):
        empty_partition(pk)
    functions = {
        "StepGroup": lambda event: app.step_group(event, None),
        "StepJob": lambda event: app.step_job(event, None),
    }
    with machines.an_engine_with_functions(functions):
        machines.create("GroupMachine")
        machines.create("JobMachine")
        yield settings


def started(needs: list[list[int]]) -> Group:
    """Return a group whose execution sleeps."""
    group = a_group(needs)
    start(group)
    motor.start_group(group.id)
    assert until(lambda: group.row.sleeper is not None)
    return group


def build(group: Group, kind: ResultKind = ResultKind.COMPLETE) -> JobRow:
    """Claim the next job, start its execution, and report as its worker does."""
    job = claimed(group)
    assert until(lambda: job_row(int(job.id)).task_token is not None)
    end(job, kind)
    return job


def claimed(group: Group) -> JobRow:
    """Claim the next job of a group, and start its execution."""
    taken: list[JobRow] = []

    def take() -> bool:
        job = claim(group.origin)
        taken.extend([] if job is None else [job])
        return job is not None

    assert until(take)
    motor.start_job(int(taken[0].id), int(taken[0].attempt))
    return taken[0]


def end(job: JobRow, kind: ResultKind = ResultKind.COMPLETE) -> None:
    """Report the result of a job."""
    assert report(job, kind)
    token = job_row(int(job.id)).task_token
    if token is not None:
        motor.end_wait(token)


def states(settings: Config, name: str) -> list[str]:
    """Return the states of an execution that has ended."""
    machine = settings.group_machine if name.startswith("grp") else settings.job_machine
    assert until(lambda: machines.description_of(machine, name)["status"] != "RUNNING")
    return machines.states_of(machine, name)


def test_a_group_is_woken_once_for_all_its_jobs(deployed: Config, archived: list[int]) -> None:
    group = started(CHAIN)

    jobs = [build(group) for _ in CHAIN]

    once = ["Check", "Decide", "Sleep", "Check", "Decide", "Ended"]
    assert states(deployed, f"grp-{group.id}-1") == once
    assert group.state == "Complete"
    assert group.states == ["complete"] * 3
    for job in jobs:
        assert states(deployed, f"job-{job.id}-1") == ["Watch", "SettleReported", "Archive"]
    assert archived == [int(job.id) for job in jobs]


def test_a_report_before_the_token_ends_the_wait(deployed: Config) -> None:
    group = started([[]])
    job = claim(group.origin)
    assert job is not None
    end(job)

    motor.start_job(int(job.id), 1)

    assert states(deployed, f"job-{job.id}-1") == ["Watch", "SettleReported", "Archive"]
    assert until(lambda: group.state == "Complete")


def test_a_canceled_group_ends_with_its_last_job(deployed: Config) -> None:
    group = started(CHAIN)
    job = claimed(group)

    ending.cancel(group.id)
    assert until(lambda: machines.states_of(deployed.group_machine, f"grp-{group.id}-1").count("Sleep") == 2)
    end(job, ResultKind.CANCELED)

    assert states(deployed, f"grp-{group.id}-1")[-1] == "Ended"
    assert group.state == "Canceled"
    assert group.states == ["canceled"] * 3


def test_the_queued_group_takes_its_turn(deployed: Config) -> None:
    first = started([[]])
    second = a_group([[]], GroupState.QUEUED, origin=first.origin)
    motor.start_group(second.id)
    assert until(lambda: second.row.sleeper is not None)
    assert second.state == "Queued"

    build(first)
    build(second)

    assert until(lambda: second.state == "Complete")
    assert states(deployed, f"grp-{second.id}-1")[-1] == "Ended"


def test_a_stopped_execution_of_a_group_is_followed_by_another(deployed: Config) -> None:
    group = started([[]])
    name = f"grp-{group.id}-1"
    arn = machines.description_of(deployed.group_machine, name)["executionArn"]
    client("stepfunctions").stop_execution(executionArn=arn)

    app.reconcile({"detail": {"name": name, "status": "ABORTED"}}, None)
    build(group)

    assert states(deployed, f"grp-{group.id}-2")[-1] == "Ended"
    assert group.state == "Complete"


def test_a_stopped_execution_of_a_job_loses_the_attempt(deployed: Config) -> None:
    group = started([[]])
    job = claimed(group)
    name = f"job-{job.id}-1"
    arn = machines.description_of(deployed.job_machine, name)["executionArn"]
    client("stepfunctions").stop_execution(executionArn=arn)

    app.reconcile({"detail": {"name": name, "status": "ABORTED"}}, None)

    assert (job_row(int(job.id)).job_state, int(job_row(int(job.id)).attempt)) == (JobState.PENDING, 2)
    build(group)
    assert until(lambda: group.state == "Complete")


def test_an_engine_that_has_lost_its_executions_continues(deployed: Config) -> None:
    """The table is the truth: the watchdogs start the executions again, and what was reported meanwhile counts."""
    group = started(CHAIN)
    waiting = claimed(group)
    assert until(lambda: job_row(int(waiting.id)).task_token is not None)
    forget_executions()
    assert report(waiting)

    group_watch.watch_groups(60)
    job_watch.watch_jobs(60)
    for _ in range(2):
        build(group)

    assert until(lambda: group.state == "Complete")


def test_a_lost_worker_leads_to_another_attempt(deployed: Config) -> None:
    group = started([[]])
    job = claimed(group)
    assert until(lambda: job_row(int(job.id)).task_token is not None)
    with Change() as change:
        change.update(job_key(int(job.id)), [JobRow.lease_until.set(0)])

    job_watch.watch_jobs(60)
    second = build(group)

    assert (int(second.id), int(second.attempt)) == (int(job.id), 2)
    assert states(deployed, f"job-{job.id}-1") == ["Watch", "SettleReported", "Archive"]
    assert states(deployed, f"job-{job.id}-2") == ["Watch", "SettleReported", "Archive"]
    assert until(lambda: group.state == "Complete")


def test_without_state_machines_the_watchdogs_drive_a_build(table: None, archived: list[int]) -> None:
    for kind in ("OPEN-GROUPS", "SLOTS", "UNARCHIVED"):
        empty_partition(f"{kind}#{LINUX}")
    group = a_group(CHAIN)

    for _ in CHAIN:
        group_watch.watch_groups(60)
        job = claim(group.origin)
        assert job is not None
        assert report(job)
        job_watch.watch_jobs(60)
    group_watch.watch_groups(60)

    assert group.state == "Complete"
    assert len(archived) == 3


def test_histories_hold_no_names_and_no_secrets(deployed: Config) -> None:
    group = started([[]])
    job = build(group)
    states(deployed, f"grp-{group.id}-1")
    states(deployed, f"job-{job.id}-1")

    text = json.dumps(
        [
            machines.history_of(deployed.group_machine, f"grp-{group.id}-1"),
            machines.history_of(deployed.job_machine, f"job-{job.id}-1"),
        ],
        default=str,
    )

    for secret in (group.origin, job.name, job.plan_path, job.vcs_data):
        assert secret not in text
