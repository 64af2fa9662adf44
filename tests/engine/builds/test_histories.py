"""Workers, cancels and repairs change job groups at the same time, and some of them die (builds.md 8.4, 8.6, 19).

The rows are checked after every call to the table: nothing runs before its dependencies are complete, the progress is
exact, a job is either in the queue or in its slots or final, and a final state never changes. At the end exactly what
needs a failed entry is skipped.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from chalicelib.builds.engine.ending import cancel, fail, finish
from chalicelib.builds.engine.propagation import pass_on, repair
from chalicelib.builds.engine.settling import Cause, ResultKind, settle
from chalicelib.builds.engine.starting import activate, start_ready
from chalicelib.builds.rows import ATTEMPTS, JobRow, active_key, job_key, project_jobs_partition
from chalicelib.core.builds.build_states import EntryState, GroupState, JobState
from chalicelib.platform.table import StoreUnavailable, delete_many, read
from tests.builders.histories import Histories
from tests.builders.job_groups import LINUX, Group, a_group, claim, report, slots_of, waiting_jobs
from tests.builders.names import a_name
from tests.builders.rows import partition_rows

HISTORIES = int(os.environ.get("HISTORIES", "24"))
JOB_STATES = {
    EntryState.RUNNING: {state for state in JobState if not state.is_final},
    EntryState.COMPLETE: {JobState.COMPLETE},
    EntryState.FAILED: {JobState.FAILED},
    EntryState.CANCELED: {JobState.CANCEL_COMPLETE},
}
KINDS = [*[ResultKind.COMPLETE] * 6, ResultKind.FAILED, ResultKind.RETURNED, ResultKind.CANCELED]


@dataclass
class Scene:
    """An active group, the one queued behind it, and a group of another root that builds some of the same projects."""

    random: random.Random
    origin: str
    groups: list[Group] = field(default_factory=list)
    final: dict[tuple[int, int], str] = field(default_factory=dict)

    def a_group(self, state: GroupState, first: int) -> None:
        size = self.random.randint(1, 10)
        share = self.random.choice([0.1, 0.3, 0.6])
        needs = [[each for each in range(position) if self.random.random() < share] for position in range(size)]
        names = [f"{self.origin}/package-{first + position}" for position in range(size)]
        self.groups.append(a_group(needs, state, origin=self.origin, names=names))

    def any_job(self, *states: JobState) -> JobRow | None:
        ids = [int(entry["job_id"]) for group in self.groups for entry in group.entries if entry["job_id"] != "0"]
        jobs = [partition_rows(job_key(job_id).pk)["JOB"] for job_id in ids]
        chosen = [int(job["id"]) for job in jobs if not states or job["state"] in states]
        return read(job_key(self.random.choice(chosen))) if chosen else None

    def any_group(self) -> Group:
        return self.random.choice(self.groups)

    def work(self) -> None:
        """Take up to four jobs. The worker dies with some of them, before or after its report."""
        for _ in range(4):
            job = claim(self.origin)
            if job is None:
                continue
            if self.random.random() < 0.15 or not report(job, self.random.choice(KINDS)):
                return
            if self.random.random() < 0.9:
                settle(int(job.id), int(job.attempt), Cause.REPORTED)

    def lose(self) -> None:
        job = self.any_job(JobState.DISPATCHED, JobState.CANCEL_PENDING)
        if job is not None:
            settle(int(job.id), int(job.attempt), self.random.choice([Cause.LOST, Cause.LOST, Cause.TIMED_OUT]))

    def repeat(self) -> None:
        job = self.any_job()
        if job is not None:
            settle(
                int(job.id), self.random.randint(1, int(job.attempt)), self.random.choice([Cause.REPORTED, Cause.LOST])
            )

    def expire(self) -> None:
        job = self.any_job(JobState.PENDING)
        if job is not None and self.random.random() < 0.3:
            settle(int(job.id), int(job.attempt), Cause.NEVER_CLAIMED)

    def start(self) -> None:
        group = self.any_group()
        start_ready(group.row, [group.entry(position) for position in range(len(group.needs))])

    def tell(self) -> None:
        group = self.any_group()
        row, entry = group.row, group.entry(self.random.randrange(len(group.needs)))
        if entry.entry_state.is_final and not entry.is_passed_on:
            pass_on(row, entry)

    def stop(self) -> None:
        if self.random.random() < 0.4:
            self.random.choice([cancel, cancel, fail])(self.any_group().id)

    def clients(self) -> list[Callable[[], None]]:
        actions: list[Callable[[], object]] = [self.work] * 8
        actions += [self.lose, self.lose, self.repeat, self.repeat, self.expire, self.start, self.tell, self.stop]
        actions += [lambda: repair(self.any_group().row), lambda: finish(self.any_group().id)]
        actions += [lambda: activate(self.any_group().id), lambda: activate(self.groups[0].id)]
        return [partial(_until_unavailable, action) for action in actions]

    def complete(self) -> None:
        """Let reliable workers and the repair end all groups."""
        for group in self.groups:
            activate(group.id)
            for _ in range(200):
                repair(group.row)
                self.lose()
                job = claim(self.origin)
                if job is not None:
                    report(job)
                    settle(int(job.id), int(job.attempt), Cause.REPORTED)
                if finish(group.id):
                    break
            else:
                pytest.fail(f"{group.states} {group.state}")

    def assert_consistent(self) -> None:
        waiting, held = waiting_jobs(self.origin), slots_of(self.origin)
        expected_waiting, expected_held, started = [], [], dict[str, int]()
        for group in self.groups:
            states = [EntryState(state) for state in group.states]
            assert group.open == sum(not state.is_final for state in states)
            for position, (entry, state) in enumerate(zip(group.entries, states, strict=True)):
                before = self.final.get((group.id, position))
                assert before in (None, state)
                if state.is_final:
                    self.final[group.id, position] = state
                if state is EntryState.SKIPPED and entry["name"] != self.deleted:
                    assert not all(states[need] is EntryState.COMPLETE for need in group.needs[position])
                job_id = int(entry["job_id"])
                if not job_id:
                    assert state in (EntryState.WAITING, EntryState.SKIPPED, EntryState.CANCELED)
                    continue
                assert all(states[need] is EntryState.COMPLETE for need in group.needs[position])
                started[entry["name"]] = started.get(entry["name"], 0) + 1
                job = partition_rows(job_key(job_id).pk)["JOB"]
                job_state = JobState(job["state"])
                assert job_state in JOB_STATES[state]
                assert int(job["attempt"]) <= ATTEMPTS
                expected_waiting += [job_id] * (job_state is JobState.PENDING)
                expected_held += [job_id, job_id] * job_state.is_held
        assert sorted(waiting) == sorted(expected_waiting)
        assert held == sorted(expected_held)
        for name, jobs in started.items():
            rows = partition_rows(project_jobs_partition(*name.split("/")))
            assert int(rows["COUNT"]["jobs"]) == len(rows) - 1 == jobs

    deleted: str = ""

    def assert_ended(self) -> None:
        for group in self.groups:
            states = [EntryState(state) for state in group.states]
            assert all(state.is_final for state in states)
            assert all(entry["is_passed_on"] for entry in group.entries)
            assert read(active_key(group.row.root, LINUX)) is None
            if group.state != "Complete":
                continue
            for position, state in enumerate(states):
                needs = [states[need] for need in group.needs[position]]
                buildable = all(need is EntryState.COMPLETE for need in needs) and group.name(position) != self.deleted
                assert (state is EntryState.SKIPPED) == (not buildable)
        assert waiting_jobs(self.origin) == slots_of(self.origin) == []


def _until_unavailable(action: Callable[[], object]) -> None:
    try:
        action()
    except StoreUnavailable:  # there were too many conflicts; a repeat continues
        return


def a_scene(number: int) -> Scene:
    scene = Scene(random.Random(number), a_name("origin"))
    scene.a_group(GroupState.DISPATCHING, 0)
    scene.a_group(GroupState.QUEUED, 0)
    scene.a_group(GroupState.DISPATCHING, 3)
    if scene.random.random() < 0.3:
        group, position = scene.groups[0], scene.random.randrange(len(scene.groups[0].needs))
        delete_many([group.project_key(position)])
        scene.deleted = group.name(position)
    return scene


@pytest.mark.parametrize("block", range(4))
def test_every_random_history_is_consistent_after_every_call(engine_histories: Histories, block: int) -> None:
    outcomes = set()
    for number in range(block, HISTORIES, 4):
        scene = a_scene(number)
        activate(scene.groups[0].id)
        activate(scene.groups[2].id)
        engine_histories.run(scene.random, scene.clients(), scene.assert_consistent, killed=0.2)
        scene.complete()
        scene.assert_consistent()
        scene.assert_ended()
        outcomes |= {state for group in scene.groups for state in [*group.states, group.state]}
    assert {"complete", "failed", "skipped", "canceled", "Complete"} <= outcomes
