"""The functions of the build service use every right that they have, with the real engine of builds."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

import app
from chalicelib.builds import motor
from chalicelib.builds import rows as build_rows
from chalicelib.builds.engine import ending, settling
from chalicelib.builds.engine.settling import Cause, ResultKind
from chalicelib.builds.groups import beginning, choice, filling, requester, service
from chalicelib.builds.jobs import rows as log_rows
from chalicelib.builds.rows import EntryRow, GroupPointerRow, GuardRow, JobRow
from chalicelib.builds.steps import group as group_steps
from chalicelib.builds.steps import reconcile
from chalicelib.catalog.events import event_rows
from chalicelib.catalog.long_changes import long_change_motor, long_change_states
from chalicelib.channels import deletion
from chalicelib.channels import service as channels
from chalicelib.channels.errors import ChannelLeaving
from chalicelib.core.builds.build_set import BuildSet, Flags
from chalicelib.core.builds.build_states import GroupState, JobState
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.long_change import LongChangeKind
from chalicelib.graph import nodes as graph_nodes
from chalicelib.graph import rows as graph_rows
from chalicelib.graph import service as graph
from chalicelib.graph.rows import NodeRow
from chalicelib.platform.aws import client
from chalicelib.platform.background import Failed
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id
from chalicelib.platform.config import config
from chalicelib.platform.table import delete_many, put_many, read
from chalicelib.scheduled import cursors, graph_audit, group_channels, job_watch, worker_starts
from tests.api.client import Depot
from tests.builders.group_rows import a_group as a_group_row
from tests.builders.group_rows import ago, an_entry
from tests.builders.job_groups import LINUX, Group, a_group, claim, report, start
from tests.builders.job_rows import a_job as a_job_row
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, delete, promote
from tests.builders.project_rows import a_project_row
from tests.builders.rows import empty_partition
from tests.infra.test_rights import EVENT, assert_all_used, use_state_machines
from tests.rights import rare_work
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


def turn_groups(function: str) -> None:
    """Let a function end a group and the one that is queued behind it."""
    first = a_group([[]])
    second = a_group([[]], GroupState.QUEUED, origin=first.origin)
    start(first)
    with running_as(function):
        ending.fail(first.id)
        assert ending.finish(first.id)
        ending.fail(second.id)
    assert (first.state, second.state) == ("Failed", "Failed")


def fill_groups(depot: Depot, patch: pytest.MonkeyPatch, function: str) -> None:
    """Let a function fill a group, and another one that has nothing to build any more."""
    for has_projects in (True, False):
        group_id = a_large_group(depot, patch)
        left = build_rows.entry_key(group_id, build_rows.order_text(7))
        put_many([EntryRow(left.pk, left.sk, name="core/left", state="waiting")])
        if not has_projects:
            patch.setattr(choice, "chosen_for", lambda _: (None, BuildSet([], [])))
        graph.forget()
        with running_as(function):
            filling.expand(group_id)


def step(**event: Any) -> None:
    """Carry out a step of a group. The engine has no state machine to start or to wake."""
    with suppress(Failed):
        app.step_group(event, None)


def test_the_start_of_builds_after_an_upload(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, used_by: Enforcement
) -> None:
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

    rare_work.start_entries("ScheduleDependents")
    rare_work.stop_entries("ScheduleDependents")
    rare_work.inherit_packages(depot, "ScheduleDependents", monkeypatch)
    fill_groups(depot, monkeypatch, "ScheduleDependents")
    turn_groups("ScheduleDependents")

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

    rare_work.start_entries("StepGroup")
    rare_work.stop_entries("StepGroup")
    rare_work.inherit_packages(depot, "StepGroup", monkeypatch)
    fill_groups(depot, monkeypatch, "StepGroup")
    turn_groups("StepGroup")

    assert_all_used(used_by, "StepGroup")


def lose_job(depot: Depot, patch: pytest.MonkeyPatch, function: str) -> None:
    """Let a function settle lost jobs: one with a release, one that gets another attempt, one whose dependents end."""
    group, job, hart = rare_work.a_lost_job_with_a_release(depot, patch)
    patch.setattr(event_rows, "FRESH_SECONDS", 0.0)
    with patch.context() as slow, running_as(function), suppress(ChannelLeaving):
        slow.setattr(deletion, "CREATION_SECONDS", -1.0)
        slow.setattr(deletion, "TRANSACTION_LIMIT", deletion.SHARED_ROWS + 3)
        settling.settle(int(job.id), int(job.attempt), Cause.LOST)
    with running_as(function):
        settling.settle(int(job.id), int(job.attempt), Cause.LOST)
    assert group.entries[0]["built_ident"] == hart.path
    again, other = a_running_job([[]])
    forget_waiting_origin(again)
    failed, third = a_running_job([[], [0]])
    assert report(third, ResultKind.FAILED)
    with running_as(function):
        settling.settle(int(other.id), int(other.attempt), Cause.LOST)
        settling.settle(int(third.id), int(third.attempt), Cause.REPORTED)
    assert again.states == ["running"]
    assert failed.states == ["failed", "skipped"]
    rare_work.start_entries(function)
    rare_work.fold_lists(depot, function, patch)


def log_a_line(job_id: int) -> None:
    """Write a line to the live log of a job, which the archive deletes."""
    key = log_rows.chunk_key(job_id, 0)
    put_many([log_rows.LogChunkRow(key.pk, key.sk, content=log_rows.packed(["a line"]), number=1)])


def test_the_steps_of_jobs(depot: Depot, monkeypatch: pytest.MonkeyPatch, used_by: Enforcement) -> None:
    group, job = a_running_job([[], [0]])
    lose_job(depot, monkeypatch, "StepJob")
    forget_waiting_origin(group)
    of_job = {"job": int(job.id), "attempt": 1}

    app.step_job({"step": "watch", "token": "a token", **of_job}, None)
    app.step_job({"step": "watch", "token": "a token", "job": int(job.id), "attempt": 2}, None)
    assert report(job)
    app.step_job({"step": "settle", **of_job}, None)
    log_a_line(int(job.id))
    app.step_job({"step": "archive", **of_job}, None)

    archived = read(build_rows.job_key(int(job.id)))
    assert archived is not None
    assert archived.is_archived
    assert_all_used(used_by, "StepJob")


def test_the_end_of_executions(depot: Depot, monkeypatch: pytest.MonkeyPatch, used_by: Enforcement) -> None:
    lose_job(depot, monkeypatch, "Reconcile")
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
    log_a_line(int(job.id))
    end(f"job-{job.id}-2")

    rare_work.stop_entries("Reconcile")
    turn_groups("Reconcile")

    assert_all_used(used_by, "Reconcile")


def test_the_watchdog_of_jobs(depot: Depot, monkeypatch: pytest.MonkeyPatch, used_by: Enforcement) -> None:
    lose_job(depot, monkeypatch, "WatchJobs")
    a_job_row(JobState.DISPATCHED, task_token=None, claimed_at=ago(hours=1))
    ended = a_job_row(JobState.COMPLETE)
    log_a_line(int(ended.id))
    unarchived = build_rows.unarchived_key(ended)
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
    unclaimed = a_group([[]])
    start(unclaimed)
    with running_as("WatchJobs"):  # at the end of its time, and for a job that waited for too long
        cursors.store_cursor("watch-jobs/a-target", "1")
        settling.settle(unclaimed.job_id(0), 1, Cause.NEVER_CLAIMED)

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

    with running_as("WatchGroups"):  # at the end of its time, and without state machines
        cursors.store_cursor("watch-groups/a-target", "1")
        group_steps.check(queued.id, 1, group_steps.ROUNDS_PER_REPAIR - 1)
    rare_work.start_entries("WatchGroups")
    rare_work.stop_entries("WatchGroups")
    turn_groups("WatchGroups")

    assert_all_used(used_by, "WatchGroups")


def test_the_repair_of_groups(used_by: Enforcement) -> None:
    ready, canceled = a_group([[], [0]]), a_group([[], [0]])
    start(canceled)
    canceled.change(state=GroupState.CANCELED.value, sleeper="a token")
    forget_waiting_origin(ready)

    app.repair_groups(EVENT, None)

    assert canceled.open == 0
    assert ready.states[0] == "running"
    with running_as("RepairGroups"):  # at the end of its time
        cursors.store_cursor("repair-groups/a-target", "1")
    rare_work.start_entries("RepairGroups")
    rare_work.stop_entries("RepairGroups")

    assert_all_used(used_by, "RepairGroups")


def test_the_daily_work(depot: Depot, monkeypatch: pytest.MonkeyPatch, used_by: Enforcement) -> None:
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
    clean_up_rarely(depot, monkeypatch)
    with running_as("CleanUpBuilds"):  # for a channel with many packages
        long_change_motor.start(LongChangeKind.CHANNEL_DELETION, origin, "1")

    assert_all_used(used_by, "CleanUpBuilds")


def clean_up_rarely(depot: Depot, patch: pytest.MonkeyPatch) -> None:
    """Let the function delete a large channel and a node without releases, and fold the build graph."""
    origin = an_origin(depot)
    hart = a_package(depot, origin)
    channel = a_channel(depot, origin, build_rows.channel_of(new_id()))
    promote(depot, hart, channel)
    unused = a_package(depot, origin, name="unused")
    delete(depot, unused)
    name = f"{origin}/unused"
    patch.setattr(long_change_states, "LEASE_SECONDS", 0.0)
    patch.setattr(graph_nodes, "FOLD_EVERY", 1)
    patch.setattr(deletion, "REQUEST_SECONDS", -1.0)
    with running_as("CleanUpBuilds"):
        with patch.context() as interrupted:
            interrupted.setattr(deletion, "_remove_members", lambda *_: False)
            channels.delete(origin, channel, group_channels.BUILDER)
        channels.delete(origin, channel, group_channels.BUILDER)
        graph_audit.graph_audit(60)
    node = read(graph_rows.node_key(LINUX, name))
    assert node is not None
    with Change() as change:
        change.update(graph_rows.node_key(LINUX, name), [NodeRow.unused_since.set(ago(days=40))])
    with running_as("CleanUpBuilds"):
        graph_audit.graph_audit(60)
    assert read(graph_rows.node_key(LINUX, name)) is None
    rare_work.fold_lists(depot, "CleanUpBuilds", patch)
