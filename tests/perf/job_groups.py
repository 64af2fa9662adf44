"""`make bench-builds`: build job groups with stub workers, and write the figures to docs/PERFORMANCE.md.

The graph resembles the core plans, or is read from a file. Each build takes a random time; its length is seeded.

- The *counted* run is inside this process, with a simulated clock (`group_run.py`): AWS calls, capacity, transitions.
- The *timed* runs are on a local stack with real processes. Threads play the workers with the client of `bldr worker`.
  Builds take six seconds on average, ten times the latency between two builds on a machine that has other work too.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from tests import environment

# The service reads the environment when it is imported.
environment.use_for_benchmark()

from app import app
from bldr.address import Address
from bldr.config import Credentials
from bldr.worker.retrying import StepRetries, with_retries
from bldr.worker.stopping import StopSignal
from bldr.worker.work_client import Result, WorkClient
from chalicelib.core.builds.numbered_graph import Node
from chalicelib.core.deferred import load_deferred
from local.front import Front
from tests.api.client import Depot
from tests.builders.names import a_name
from tests.builders.stack import Stack, depot_stack
from tests.builders.waiting import until
from tests.builders.workers import a_claim, a_worker
from tests.perf import group_run
from tests.perf.figures import publish, without_logs
from tests.perf.group_depot import LINUX, Bound, durations, ident_of, most_needed, nodes_for, write
from tests.perf.group_run import GroupRun
from tests.perf.recording import recorded_calls

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
MARKERS = "<!-- figures of make bench-builds -->", "<!-- end of figures of builds -->"
USER = "bobo"
RETRIES = StepRetries(retries=30, seconds=1.0)


class Timed(Struct, frozen=True):
    """A timed run of a group, in seconds."""

    workers: int
    scheduling: float
    makespan: float
    simple: float
    tight: float
    claim_wait: float
    known_lengths: bool

    @property
    def cells(self) -> list[str]:
        """The row of the table."""
        return [
            f"{self.workers}, {'lengths known' if self.known_lengths else 'first build'}",
            f"{self.scheduling:.1f}",
            f"{self.makespan:.1f}",
            f"{self.simple:.1f} ({self.makespan / self.simple:.2f})",
            f"{self.tight:.1f} ({self.makespan / self.tight:.2f})",
            f"{self.claim_wait:.2f}",
        ]


def main() -> int:
    """Run the counted and the timed groups, print the figures and write them to the document."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.perf.job_groups", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--projects", type=int, default=200, help="projects of the generated graph")
    parser.add_argument("--graph", type=Path, help="a JSON file of plans instead of the generated graph")
    parser.add_argument("--workers", type=int, nargs="*", default=[8], help="numbers of workers to measure")
    parser.add_argument("--seconds", type=float, default=6.0, help="mean length of a build")
    parser.add_argument("--uncounted", action="store_true", help="leave out the counted run")
    parser.add_argument("--print-only", action="store_true", help="do not write docs/PERFORMANCE.md")
    options = parser.parse_args()
    blocks = []
    if not options.uncounted:
        blocks.append(_counted(nodes_for(a_name("origin"), options.projects, options.graph)))
    if options.workers:
        blocks.append(_timed(options.projects, options.graph, options.workers, options.seconds))
    title = f"`make bench-builds` on {datetime.now(UTC):%Y-%m-%d}:"
    publish(MARKERS, "\n\n".join([title, *blocks]), print_only=options.print_only)
    return 0


def _counted(nodes: Mapping[str, Node]) -> str:
    """Build a group with eight simulated workers, and return its figures."""
    load_deferred()
    origin, root = next(iter(nodes)).partition("/")[0], most_needed(nodes)
    with group_run.machines(), without_logs():
        depot = Depot(Front(app))
        depot.get("/profile", by=USER)
        write(nodes, USER)
        run = GroupRun(depot, [a_worker(depot, origin)] * 8, durations(nodes, 60.0, seed=1))
        with recorded_calls() as scheduling:
            group = _schedule(depot, root)
        with recorded_calls() as building:
            run.run()
            assert until(lambda: group_run.status_of("GroupMachine", f"grp-{group}-1") == "SUCCEEDED")
        last = run.builds[-1].job_id
        figures = {
            "transitions of an execution of a job": group_run.transitions_of("JobMachine", f"job-{last}-1"),
            "events of its history": group_run.events_of("JobMachine", f"job-{last}-1"),
            "transitions of the group": group_run.transitions_of("GroupMachine", f"grp-{group}-1"),
            "events of its history ": group_run.events_of("GroupMachine", f"grp-{group}-1"),
        }
    jobs = len(run.builds)
    bound = Bound(nodes, [build.name for build in run.builds], run.seconds)
    simple, tight = bound.simple(8), bound.tight(8)
    operations = ", ".join(f"{name} {count / jobs:.1f}" for name, count in building.operations.most_common())
    return "\n".join(
        [
            f"A group of {jobs} projects. The request to schedule it makes {len(scheduling.exchanges)} AWS calls and "
            f"uses {scheduling.read_units} read and {scheduling.write_units} write units. For each job follow:",
            "",
            "| for each job | |",
            "| --- | ---: |",
            f"| AWS calls | {len(building.exchanges) / jobs:.1f} |",
            f"| read units | {building.read_units / jobs:.1f} |",
            f"| write units | {building.write_units / jobs:.1f} |",
            *(f"| {name.strip()} | {figure} |" for name, figure in figures.items()),
            "",
            f"The calls of a job: {operations}.",
            "",
            f"With 8 workers and calls that take no time, the group ends after {run.time / simple:.3f} times "
            f"the length of its critical path or the work of each worker, and {run.time / tight:.3f} times the bound "
            "that also counts unavoidable idle time.",
        ]
    )


def _schedule(depot: Depot, root: str) -> int:
    path, query = f"/depot/pkgs/schedule/{root}", {"target": str(LINUX)}
    reply = depot.post(path, by=USER, query=query, headers={"User-Agent": "hab/1"})
    assert reply.status == 201, reply
    return int(reply.json()["id"])


def _timed(projects: int, graph: Path | None, numbers: Sequence[int], mean: float) -> str:
    lines = []
    with tempfile.TemporaryDirectory() as folder, depot_stack(Path(folder) / "log") as stack:
        for workers in numbers:
            nodes = nodes_for(a_name("origin"), projects, graph)
            _fill(stack, nodes, projects, graph)
            for known in (False, True):
                lines.append(TimedGroup(stack, nodes, durations(nodes, mean, seed=1)).run(workers, known).cells)
                print(" | ".join(lines[-1]), flush=True)
    heads = ["workers", "schedule s", "group s", "critical path or work s", "with idle time s", "between two builds s"]
    rows = [heads, ["---", *["---:"] * (len(heads) - 1)], *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _fill(stack: Stack, nodes: Mapping[str, Node], projects: int, graph: Path | None) -> None:
    stack.http.get("/v1/profile")  # creates the account
    origin = next(iter(nodes)).partition("/")[0]
    command = [
        sys.executable,
        "-m",
        "tests.perf.group_depot",
        USER,
        origin,
        str(projects),
        *([str(graph)] if graph else []),
    ]
    subprocess.run(command, check=True, cwd=ROOT, env=stack.environment)


class TimedGroup:
    """A group on a stack, and threads that play its workers."""

    def __init__(self, stack: Stack, nodes: Mapping[str, Node], seconds: Mapping[str, float]) -> None:
        self._stack, self._nodes, self._seconds = stack, nodes, seconds
        self._origin = next(iter(nodes)).partition("/")[0]
        self._built: list[str] = []
        self._waits: list[float] = []
        self._over = threading.Event()

    def run(self, workers: int, known_lengths: bool) -> Timed:
        """Build the root and its dependents, and return how long it took."""
        http = self._stack.http
        made = http.post(f"/v1/workers/{self._origin}", json={"name": "bench", "targets": [str(LINUX)]}).json()
        threads = [threading.Thread(target=self._work, args=(made["token"], each)) for each in range(workers)]
        for thread in threads:
            thread.start()
        before = time.monotonic()
        path = f"/v1/depot/pkgs/schedule/{most_needed(self._nodes)}"
        reply = http.post(path, params={"target": str(LINUX)}, headers={"User-Agent": "hab/1"})
        assert reply.status_code == 201, reply.text
        begun = time.monotonic()
        group = reply.json()["id"]
        while http.get(f"/v1/depot/pkgs/schedule/{group}").json()["state"] not in ("Complete", "Canceled", "Failed"):
            time.sleep(0.5)
        makespan = time.monotonic() - begun
        self._over.set()
        for thread in threads:
            thread.join()
        bound = Bound(self._nodes, self._built, self._seconds)
        waits = sorted(self._waits)
        median = waits[len(waits) // 2]
        simple, tight = bound.simple(workers), bound.tight(workers)
        return Timed(workers, begun - before, makespan, simple, tight, median, known_lengths)

    def _work(self, token: str, number: int) -> None:
        client = WorkClient(Credentials(Address.parse(self._stack.url), token), f"bench-{number}")
        ended: float | None = None
        while not self._over.is_set():
            bundle = _repeated(partial(client.claim, LINUX, a_claim(), 5))
            if bundle is None:
                ended = None
                continue
            began, name = datetime.now(UTC), f"{bundle.job.origin}/{bundle.job.name}"
            if ended is not None:
                self._waits.append(time.monotonic() - ended)
            job = client.of_job(bundle)
            time.sleep(self._seconds[name])
            result = Result("complete", ident_of(name), "", "", "", began.isoformat(), datetime.now(UTC).isoformat())
            ended = time.monotonic()
            _repeated(partial(job.report, result))
            self._built.append(name)


def _repeated(request: Callable[[], T]) -> T:
    """Return the result of a request, which is repeated on a machine that is too busy to answer it."""
    return with_retries(RETRIES, StopSignal(), request, print)


if __name__ == "__main__":
    sys.exit(main())
