"""Builds job groups with workers whose clock is simulated: a build takes no time, but ends in the order of its length.

The requests and the state machines are the real ones. A worker asks for a job as soon as it has reported the last one
and all reported jobs are settled, so the figures show what the scheduling costs without the latency of an engine.
"""

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

import app
from chalicelib.builds import motor
from chalicelib.builds.rows import entry_key, job_key
from chalicelib.core.builds.build_states import JobState
from chalicelib.platform.config import config
from tests.api.client import Depot
from tests.builders import state_machines
from tests.builders.rows import row_at
from tests.builders.waiting import until
from tests.builders.workers import Worker
from tests.perf.group_depot import ident_of
from tests.rights.policies import machine_arn

Ended = Callable[["GroupRun"], None]


@contextmanager
def machines() -> Iterator[None]:
    """Run the state machines of builds in the engine of this process, inside the block."""
    functions = {
        "StepGroup": lambda event: app.step_group(event, None),
        "StepJob": lambda event: app.step_job(event, None),
    }
    with state_machines.an_engine_with_functions(functions):
        arns = [state_machines.create(name) for name in ("GroupMachine", "JobMachine")]
        changed = replace(config, group_machine=arns[0], job_machine=arns[1])
        with patch.object(motor, "config", changed):
            yield


@dataclass(frozen=True)
class Build:
    """A build that a worker made, with its simulated times in seconds."""

    name: str
    job_id: int
    started: float
    ended: float
    result: str


@dataclass
class GroupRun:
    """Workers of one depot, and what they have built. `seconds` is the length of each build by name."""

    depot: Depot
    workers: Sequence[Worker]
    seconds: Mapping[str, float]
    failing: Collection[str] = ()
    builds: list[Build] = field(default_factory=list)
    time: float = 0.0
    after_build: Ended = lambda _: None

    def run(self) -> None:
        """Build until no worker gets a job."""
        idle = list(range(len(self.workers)))
        held: list[tuple[float, int, float, dict[str, Any]]] = []
        while True:
            while idle and (bundle := self._claim(idle[0])) is not None:
                name = f"{bundle['job']['origin']}/{bundle['job']['name']}"
                heappush(held, (self.time + self.seconds[name], idle.pop(0), self.time, bundle))
            if not held:
                return
            self.time, worker, started, bundle = heappop(held)
            self._end(bundle, started)
            idle.append(worker)
            self.after_build(self)

    def _claim(self, worker: int) -> dict[str, Any] | None:
        reply = self.workers[worker].claims()
        assert reply.status in (200, 204), reply
        return reply.json() if reply.status == 200 else None

    def _end(self, bundle: dict[str, Any], started: float) -> None:
        """Report the end of a build, after a heartbeat, and wait until its execution has settled it."""
        job, by = bundle["job"], bundle["token"]
        name, job_id = f"{job['origin']}/{job['name']}", int(job["id"])
        heartbeat = self.depot.post(f"/work/jobs/{job_id}/heartbeat", by=by)
        assert heartbeat.status == 200, heartbeat
        times = {"build_started_at": _moment(started), "build_finished_at": _moment(self.time)}
        result: dict[str, Any] = {"kind": "complete", "ident": ident_of(name), **times}
        if heartbeat.json()["cancel"]:
            result = {"kind": "canceled"}
        elif name in self.failing:
            result = {"kind": "failed", "error": "wk:run:build"}
        reply = self.depot.post(f"/work/jobs/{job_id}/result", by=by, json=result)
        assert reply.status == 204, reply
        assert until(lambda: _is_passed_on(job_id))
        self.builds.append(Build(name, job_id, started, self.time, str(result["kind"])))


def some_of(names: Collection[str], share: float, seed: int) -> set[str]:
    """Return a random share of some names."""
    source = random.Random(seed)
    return {name for name in sorted(names) if source.random() < share}


def transitions_of(kind: str, name: str) -> int:
    """Return how many states an execution has entered."""
    return len(state_machines.states_of(machine_arn(kind), name))


def status_of(kind: str, name: str) -> str:
    """Return the status of an execution."""
    return str(state_machines.description_of(machine_arn(kind), name)["status"])


def events_of(kind: str, name: str) -> int:
    """Return how many events the history of an execution has."""
    return len(state_machines.history_of(machine_arn(kind), name))


def _moment(seconds: float) -> str:
    return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat()


def _is_passed_on(job_id: int) -> bool:
    """Return whether a job has ended and its dependents know. Reads the memory of the engine, without calls."""
    job_at = job_key(job_id)
    job = row_at(job_at.pk, job_at.sk)
    if job is None or not JobState(job["state"]).is_final:
        return False
    entry_at = entry_key(int(job["group_id"]), job["entry"])
    entry = row_at(entry_at.pk, entry_at.sk)
    return entry is not None and bool(entry["is_passed_on"])
