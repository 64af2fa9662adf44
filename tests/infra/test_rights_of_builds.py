"""The functions of the build service use every right that they have, with the real engine of builds."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

import app
from chalicelib.builds import motor
from chalicelib.builds import rows as build_rows
from chalicelib.builds.groups import beginning, requester, service
from chalicelib.builds.rows import GroupPointerRow, GuardRow, JobRow
from chalicelib.builds.steps import reconcile
from chalicelib.catalog.long_changes import long_change_motor
from chalicelib.core.builds.build_set import Flags
from chalicelib.core.builds.build_states import GroupState, JobState
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.long_change import LongChangeKind
from chalicelib.graph import rows as graph_rows
from chalicelib.platform.aws import client
from chalicelib.platform.background import Failed
from chalicelib.platform.config import config
from chalicelib.platform.table import delete_many, put_many, read
from chalicelib.scheduled import cursors, job_watch, worker_starts
from tests.api.client import Depot
from tests.builders.group_rows import a_group as a_group_row
from tests.builders.group_rows import ago, an_entry
from tests.builders.job_groups import LINUX, Group, a_group, claim, report, start
from tests.builders.job_rows import a_job as a_job_row
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, promote
from tests.builders.project_rows import a_project_row
from tests.builders.rows import empty_partition
from tests.infra.test_rights import EVENT, assert_all_used, use_state_machines
from tests.rights.enforcement import Enforcement, enforced, running_as
from tests.rights.policies import own_policies

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture(autouse=True)
def _state_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings name the state machines. The engine has none, and their errors are not logged."""
    use_state_machines(monkeypatch, beginning, job_watch)
    for pk in (f"OPEN-GROUPS#{LINUX}", f"SLOTS#{LINUX}"):
        empty_partition(pk)


@pytest.fixture
def used_by() -> Iterator[Enforcement]:
    """The rights that functions use in the test."""
    with enforced(own_policies()) as enforcement:
        yield enforcement


def a_large_group(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return a group whose entries its execution has to write."""
    origin = an_origin(depot)
    a_package(depot, origin, name="base")
    a_package(depot, origin, name="top", deps=[f"{origin}/base/1.0/20240101000000"])
    put_many([a_project_row(f"{origin}/{name}") for name in ("base", "top")])
    monkeypatch.setattr(beginning, "IN_THE_REQUEST", 0)
    by = requester.Requester(1, "bobo", Trigger.HAB)
    created = service.schedule(f"{origin}/base", LINUX, Flags(), by)
    assert created.group is not None
    return int(created.group.id)


def a_running_job(needs: list[list[int]]) -> tuple[Group, JobRow]:
    """Return a group whose execution sleeps, and its first job, which a worker builds."""
    group = a_group(needs)
    group.change(sleeper="a token")
    start(group)
    job = claim(group.origin)
    assert job is not None
    return group, job


def forget_waiting_origin(group: Group) -> None:
    """Delete the note that an origin has waiting jobs, so that the next job writes it again."""
    empty_partition(build_rows.waiting_origins_partition(LINUX))


def step(**event: Any) -> None:
    """Carry out a step of a group. The engine has no state machine to start or to wake."""
    with suppress(Failed):
        app.step_group(event, None)


def test_the_start_of_builds_after_an_upload(depot: Depot, used_by: Enforcement) -> None:
    origin = an_origin(depot)
    a_package(depot, origin, name="base")
    a_package(depot, origin, name="top", deps=[f"{origin}/base/1.0/20240101000000"])
    put_many([a_project_row(f"{origin}/{name}") for name in ("base", "top")])
    guard = build_rows.queued_key(f"{origin}/base", LINUX)
    put_many([GuardRow(guard.pk, guard.sk, group_id=1)])  # its group is gone
    sleeping = a_group([[]])
    sleeping.change(sleeper="a token")

    for upload_id in ("1", "2"):
        event = {"root": f"{origin}/base", "target": "x86_64-linux", "uploader_id": 1, "upload_id": upload_id}
        app.schedule_dependents(event, None)
    with running_as("ScheduleDependents"):  # for the group behind one that cannot be filled
        motor.wake_group(sleeping.id)

    assert_all_used(used_by, "ScheduleDependents")


def test_the_steps_of_groups(depot: Depot, monkeypatch: pytest.MonkeyPatch, used_by: Enforcement) -> None:
    group = a_large_group(depot, monkeypatch)
    forget_waiting_origin(Group(group, "", []))

    step(step="check", group=group, generation=1)
    step(step="renew", group=group, generation=1)
    step(step="fault", group=group, generation=2)
    step(step="sleep", group=group, generation=2, state="Queued", token="a token")
    step(step="check", group=group, generation=2)
    with running_as("StepGroup"):  # for a group that inherits many packages
        long_change_motor.start(LongChangeKind.PROMOTION, "core", "1")

    assert_all_used(used_by, "StepGroup")


def test_the_steps_of_jobs(used_by: Enforcement) -> None:
    group, job = a_running_job([[], [0]])
    forget_waiting_origin(group)
    of_job = {"job": int(job.id), "attempt": 1}

    app.step_job({"step": "watch", "token": "a token", **of_job}, None)
    app.step_job({"step": "watch", "token": "a token", "job": int(job.id), "attempt": 2}, None)
    assert report(job)
    app.step_job({"step": "settle", **of_job}, None)
    app.step_job({"step": "archive", **of_job}, None)

    archived = read(build_rows.job_key(int(job.id)))
    assert archived is not None
    assert archived.is_archived
    assert_all_used(used_by, "StepJob")


def test_the_end_of_executions(used_by: Enforcement) -> None:
    group, job = a_running_job([[]])
    forget_waiting_origin(group)

    def end(name: str) -> None:
        with suppress(Failed):  # the engine has no state machine
            app.reconcile({"detail": {"name": name}}, None)

    end(f"job-{job.id}-1")
    end(f"grp-{group.id}-1")
    again = claim(group.origin)
    assert again is not None
    assert report(again)
    end(f"job-{job.id}-2")

    assert_all_used(used_by, "Reconcile")


def test_the_watchdog_of_jobs(monkeypatch: pytest.MonkeyPatch, used_by: Enforcement) -> None:
    a_job_row(JobState.DISPATCHED, task_token=None, claimed_at=ago(hours=1))
    unarchived = build_rows.unarchived_key(a_job_row(JobState.COMPLETE))
    put_many([build_rows.UnarchivedRow(unarchived.pk, unarchived.sk, ended_at=1)])
    group, job = a_running_job([[], [0]])
    slot = build_rows.target_slot_key(LINUX, 1)
    put_many([build_rows.SlotRow(slot.pk, slot.sk, job_id=1, origin=group.origin)])
    assert report(job)
    forget_waiting_origin(group)
    a_job_row()
    project = client("codebuild")
    project.create_project(
        name="WorkerProject",
        source={"type": "S3", "location": "bucket/path"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "image", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole="arn:aws:iam::123456789012:role/service-role/worker",
    )
    project.start_build(projectName="WorkerProject")
    monkeypatch.setattr(worker_starts, "config", replace(config, codebuild_project="WorkerProject"))
    with running_as("WatchJobs"):
        motor.end_wait("a token")

    app.watch_jobs(EVENT, None)

    assert_all_used(used_by, "WatchJobs")


def test_the_watchdog_of_groups(used_by: Enforcement) -> None:
    queued, ended = a_group([[]], GroupState.QUEUED), a_group([[]], GroupState.COMPLETE)
    assert queued.row.state == "Queued"
    forget_waiting_origin(ended)
    pointer = build_rows.open_group_key(LINUX, 1)
    put_many([GroupPointerRow(pointer.pk, pointer.sk, group_id=1)])
    failing = a_group([[], [0]])
    failing.change(sleeper="a token")

    app.watch_groups(EVENT, None)
    with running_as("WatchGroups"):
        failing.change(generation=reconcile.GENERATIONS)
        reconcile.restart(failing.row)

    assert_all_used(used_by, "WatchGroups")


def test_the_repair_of_groups(used_by: Enforcement) -> None:
    ready, canceled = a_group([[], [0]]), a_group([[], [0]])
    start(canceled)
    canceled.change(state=GroupState.CANCELED.value, sleeper="a token")
    forget_waiting_origin(ready)

    app.repair_groups(EVENT, None)

    assert canceled.open == 0
    assert ready.states[0] == "running"
    assert_all_used(used_by, "RepairGroups")


def test_the_daily_work(depot: Depot, used_by: Enforcement) -> None:
    for name in ("group-channels", "group-entries"):
        cursors.store_cursor(name, "")
    group = a_group_row(GroupState.COMPLETE, created_at=ago(days=config.group_days))
    day = build_rows.group_of_day_key(group.created_at[:10], int(group.id))
    put_many([GroupPointerRow(day.pk, day.sk, group_id=int(group.id))])
    origin = an_origin(depot)
    hart = a_package(depot, origin)
    for channel in (a_channel(depot, origin, group.channel), a_channel(depot, origin, "dev")):
        promote(depot, hart, channel)
    name = f"{origin}/{hart.ident.name}"
    an_entry(group, 0, name=name, built_ident=str(hart.ident))
    delete_many([graph_rows.node_key(LINUX, name)])

    app.clean_up_builds(EVENT, None)
    with running_as("CleanUpBuilds"):  # for a channel with many packages
        long_change_motor.start(LongChangeKind.CHANNEL_DELETION, origin, "1")

    assert_all_used(used_by, "CleanUpBuilds")
