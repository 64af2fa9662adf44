"""Requests for one root at the same time, some of whose clients die: schedule, claim, log, result, cancel, rebuild.

The rows are checked after every call to the table: one group of the root is active, an attempt has one claim, every
held job has its two slots, and the progress of a group counts its open entries. At the end the watchdogs have released
what dead clients have left.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import pytest

from chalicelib.builds import motor, rows
from chalicelib.builds.engine import starting
from chalicelib.builds.engine.ending import finish
from chalicelib.builds.engine.outcomes import Result
from chalicelib.builds.engine.settling import Cause, ResultKind, settle
from chalicelib.builds.groups import rebuild, service
from chalicelib.builds.groups.errors import GroupQueued, GroupUnfinished
from chalicelib.builds.groups.requester import Requester
from chalicelib.builds.jobs import archive, logs
from chalicelib.builds.jobs.errors import ChunkMisplaced
from chalicelib.builds.rows import GuardRow, JobRow, job_key
from chalicelib.builds.workers import attempts
from chalicelib.builds.workers.errors import ResultDiffers
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.builds.build_set import Flags
from chalicelib.core.builds.build_states import EntryState, GroupState, JobState
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.visibility import Visibility
from chalicelib.graph import service as graphs
from chalicelib.identity.errors import AttemptOver
from chalicelib.origins import service as origins
from chalicelib.platform.change import Change
from chalicelib.platform.table import StoreUnavailable, read
from chalicelib.scheduled import group_watch, job_watch
from tests.builders.graphs import a_graph_of
from tests.builders.histories import Histories
from tests.builders.job_groups import LINUX, Group, slots_of, waiting_jobs
from tests.builders.names import a_name
from tests.builders.package_requests import UPLOADER
from tests.builders.project_rows import a_stored_project
from tests.builders.rows import partition_rows, row_at
from tests.builders.workers import a_claim, access_of_a_new_worker, access_to, claim

HISTORIES = int(os.environ.get("HISTORIES", "16"))
BY = Requester(UPLOADER.account_id, UPLOADER.name, Trigger.HAB)
LINES = [f"line {number}" for number in range(6)]
EXPECTED = (AttemptOver, ChunkMisplaced, ResultDiffers, GroupQueued, GroupUnfinished, StoreUnavailable)
"""The refusals that clients get if another one was first."""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No state machines, no archive, and every release that a worker reports is in the depot."""
    for name in ("start_group", "start_job", "wake_group", "end_wait"):
        monkeypatch.setattr(motor, name, lambda *_: True)
    monkeypatch.setattr(archive, "archive", lambda *_: None)
    monkeypatch.setattr(attempts, "_demand_published", lambda *_: None)
    monkeypatch.setattr(group_watch, "UNFINISHED", timedelta(seconds=-1))  # dead clients are dead for long
    yield


class Mix(NamedTuple):
    """How many clients make each request, and whether a group of the root has ended before them."""

    schedules: int
    rebuilds: int
    cancels: int
    has_ended: bool = False


MIXES = [Mix(4, 0, 1), Mix(0, 4, 0, has_ended=True), Mix(2, 3, 1, has_ended=True), Mix(3, 0, 0)]


@dataclass
class Scene:
    """A root with dependents, and what clients were given."""

    random: random.Random
    worker: WorkerAccess
    origin: str
    mix: Mix
    claims: dict[tuple[int, int], str] = field(default_factory=dict)
    final: dict[int, str] = field(default_factory=dict)
    kept: int = 0
    """How many groups had ended before the requests."""

    @property
    def root(self) -> str:
        return f"{self.origin}/root"

    @property
    def groups(self) -> list[Group]:
        """All groups of the root that are ready, oldest first."""
        found = [Group(int(sk), self.origin, []) for sk in partition_rows(rows.origin_groups_partition(self.origin))]
        return sorted((group for group in found if group.rows["GROUP"].get("is_ready")), key=lambda group: group.id)

    @property
    def jobs(self) -> list[int]:
        """The ids of all jobs of the groups."""
        return [int(entry["job_id"]) for group in self.groups for entry in group.entries if int(entry["job_id"])]

    def schedule(self) -> None:
        service.schedule(self.root, LINUX, Flags(), BY)

    def rebuild(self) -> None:
        for group in self.groups:
            if GroupState(group.state).is_final:
                rebuild.rebuild(group.id, [self.root], BY)

    def cancel(self) -> None:
        service.cancel(self.random.choice(self.groups).row, BY)

    def end(self) -> None:
        """Do what the execution of a group does at its end."""
        for group in self.groups:
            if finish(group.id):
                starting.activate(group.id)

    def take(self, claim_id: str) -> JobRow | None:
        job = claim(self.worker, claim_id)
        if job is not None:
            assert self.claims.setdefault((int(job.id), int(job.attempt)), claim_id) == claim_id
        return job

    def work(self, claim_id: str = "") -> None:
        """Take jobs, send parts of their logs in some order, some twice, and report and settle the jobs."""
        for number in range(3):
            job = self.take(f"{claim_id}-{number}" if claim_id else a_claim())
            if job is not None:
                self._build(job)

    def _build(self, job: JobRow) -> None:
        access = access_to(job)
        parts = self.random.choices(range(0, len(LINES), 2), k=5)
        for first in parts:
            with suppress(ChunkMisplaced):
                logs.append(access.job_id, access.attempt, first, LINES[first : first + 2])
        kind = ResultKind.CANCELED if attempts.heartbeat(access) else self.random.choice(KINDS)
        ident = f"{job.project}/1.0/{int(job.id)}" if kind is ResultKind.COMPLETE else ""
        attempts.report(access, Result(kind, ident=ident))
        settle(access.job_id, access.attempt, Cause.REPORTED)

    def clients(self) -> list[Callable[[], None]]:
        shared = a_claim()
        actions: list[Callable[[], None]] = [*[self.work] * 4, *[partial(self.work, shared)] * 2]
        actions += [self.end] * 3 + [self.cancel] * self.mix.cancels
        actions += [self.schedule] * self.mix.schedules + [self.rebuild] * self.mix.rebuilds
        return [partial(_unless_refused, action) for action in actions]

    def complete(self) -> None:
        """Let the leases of dead workers end, and let the watchdogs and one reliable worker do the rest."""
        for _ in range(60):
            for job_id in self.jobs:
                self._end_lease(job_id)
            job_watch.watch_jobs(60)
            group_watch.watch_groups(60)
            if not self._guards and all(GroupState(group.state).is_final for group in self.groups):
                return
            _unless_refused(self.work)
        pytest.fail(str([(group.state, group.states) for group in self.groups]))

    @property
    def _guards(self) -> list[GuardRow]:
        keys = [rows.active_key(self.root, LINUX), rows.queued_key(self.root, LINUX)]
        return [row for row in map(read, keys) if row is not None]

    def _end_lease(self, job_id: int) -> None:
        row = row_at(job_key(job_id).pk, "JOB")
        if row is not None and JobState(row["state"]).is_held:
            with Change() as change:
                change.update(job_key(job_id), [JobRow.lease_until.set(1)])

    def assert_consistent(self) -> None:
        active = [group.id for group in self.groups if group.state == GroupState.DISPATCHING]
        assert len(active) <= 1
        guard = row_at(rows.active_key(self.root, LINUX).pk, rows.active_key(self.root, LINUX).sk)
        assert not active or (guard is not None and int(guard["group_id"]) == active[0])
        held, waiting = [], []
        for group in self.groups:
            states = [EntryState(state) for state in group.states]
            assert group.open == sum(not state.is_final for state in states)
            before = self.final.get(group.id)
            assert before in (None, group.state)
            if GroupState(group.state).is_final:
                self.final[group.id] = group.state
        for job_id in self.jobs:
            job = partition_rows(job_key(job_id).pk)["JOB"]
            state = JobState(job["state"])
            held += [job_id, job_id] * state.is_held
            waiting += [job_id] * (state is JobState.PENDING)
        assert slots_of(self.origin) == sorted(held)
        assert sorted(waiting_jobs(self.origin)) == sorted(waiting)

    def assert_ended(self) -> None:
        assert waiting_jobs(self.origin) == slots_of(self.origin) == []
        assert self._guards == []
        for group in self.groups:
            assert all(EntryState(state).is_final for state in group.states)
        for job_id in self.jobs:
            begun = list(logs.live_lines(job_id, 0))
            assert len(begun) == int(partition_rows(job_key(job_id).pk)["JOB"]["log_lines"])


KINDS = [*[ResultKind.COMPLETE] * 5, ResultKind.FAILED, ResultKind.RETURNED]


def _unless_refused(action: Callable[[], None]) -> None:
    with suppress(*EXPECTED):
        action()


def a_scene(number: int, monkeypatch: pytest.MonkeyPatch) -> Scene:
    origin = a_name("origin")
    origins.create(origin, Visibility.PUBLIC, UPLOADER)
    root, lib, app, tool = (f"{origin}/{name}" for name in ("root", "lib", "app", "tool"))
    graph = a_graph_of({root: (), lib: [root], app: [lib], tool: [root]})
    monkeypatch.setattr(graphs, "graph_of", lambda target: graph)
    for name in (root, lib, app, tool):
        a_stored_project(name)
    scene = Scene(random.Random(number), access_of_a_new_worker(), origin, MIXES[number // 4 % len(MIXES)])
    scene.schedule()
    if scene.mix.has_ended:
        scene.complete()  # a group to build again
        scene.kept = len(scene.groups)
    return scene


@pytest.mark.parametrize("block", range(4))
def test_requests_at_the_same_time_leave_consistent_rows(
    engine_histories: Histories, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    states, most = set(), 0
    for number in range(block, HISTORIES, 4):
        scene = a_scene(number, monkeypatch)
        engine_histories.run(scene.random, scene.clients(), scene.assert_consistent, killed=0.25)
        scene.complete()
        scene.assert_consistent()
        scene.assert_ended()
        states |= {state for group in scene.groups for state in [*group.states, group.state]}
        most = max(most, len(scene.groups) - scene.kept)
    assert {"complete", "Complete"} <= states
    assert most > 1
