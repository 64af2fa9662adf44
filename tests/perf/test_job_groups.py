"""A job group of sixty projects with a cycle: order, parallelism, skips, cancel, fairness, calls and transitions.

`make large-groups` runs it with seven hundred projects, and with a thousand jobs of one origin.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.builds.rows import GroupRow
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.numbered_graph import Node
from tests.api.client import Depot
from tests.builders.group_rows import LINUX, entries_of, group_row
from tests.builders.names import a_name
from tests.builders.rows import empty_partition
from tests.builders.waiting import until
from tests.builders.workers import a_depot_worker, a_worker
from tests.perf import group_run
from tests.perf.group_depot import Bound, durations, ident_of, most_needed, nodes_like_core, write
from tests.perf.group_run import GroupRun
from tests.perf.recording import recorded_calls

PROJECTS = int(os.environ.get("GROUP_PROJECTS", "60"))
JOBS_OF_ONE_ORIGIN = int(os.environ.get("JOBS_OF_ONE_ORIGIN", "20"))
WORKERS = 8
CALLS_PER_JOB = 44
"""Of the worker's requests, a heartbeat and a request for a job in vain among them, and of the state machines."""

TRANSITIONS_PER_JOB = 4
EVENTS_OF_A_GROUP = 40


@pytest.fixture(autouse=True)
def _machines(table: None) -> Iterator[None]:
    for pk in (f"OPEN-GROUPS#{LINUX}", f"SLOTS#{LINUX}", f"WAITING-ORIGINS#{LINUX}"):
        empty_partition(pk)
    with group_run.machines():
        yield


class Origin:
    """An origin whose packages are all connected. A build takes a minute on average, unless its length is given."""

    def __init__(self, depot: Depot, nodes: dict[str, Node], seconds: dict[str, float] | None = None) -> None:
        self.depot, self.nodes = depot, nodes
        self.name = next(iter(nodes)).partition("/")[0]
        self.seconds = seconds or durations(nodes, 60.0, seed=1)
        assert depot.get("/profile", by="bobo").status == 200  # creates the account
        write(nodes, "bobo")

    @property
    def root(self) -> str:
        """The package that most others need."""
        return most_needed(self.nodes)

    @property
    def projects(self) -> list[str]:
        """The names that a group of the root builds."""
        return [self.root, *BuildGraph(self.nodes).dependents(self.root)]

    def starts(self) -> GroupRow:
        """Build the root and all of its dependents."""
        path, query = f"/depot/pkgs/schedule/{self.root}", {"target": LINUX}
        reply = self.depot.post(path, by="bobo", query=query, headers={"User-Agent": "hab/1"})
        assert reply.status == 201, reply
        return group_row(reply.json()["id"])

    def run(self, workers: int = WORKERS, **more: Any) -> GroupRun:
        """Return workers of the origin."""
        return GroupRun(self.depot, [a_worker(self.depot, self.name)] * workers, self.seconds, **more)


@pytest.fixture
def core(depot: Depot) -> Origin:
    """Sixty packages that need each other as those of `core` do."""
    return Origin(depot, nodes_like_core(a_name("origin"), PROJECTS))


def a_level(origin: str, number: int) -> dict[str, Node]:
    """Return a package, and others that need only this one."""
    root = f"{origin}/root"
    needs = {root: (), **{f"{origin}/leaf-{each}": (root,) for each in range(number)}}
    return {name: Node(ident_of(name), needed) for name, needed in needs.items()}


def reaches(group: GroupRow, state: str) -> bool:
    """Return whether a group reaches a state."""
    return until(lambda: group_row(int(group.id)).state == state)


def states_of(group: GroupRow) -> dict[str, str]:
    """Return the states of the entries of a group by name, in build order."""
    return {name: entry.state for name, entry in entries_of(int(group.id)).items()}


def all_needs(nodes: dict[str, Node], name: str) -> set[str]:
    """Return all names that a name needs, directly or indirectly."""
    found: set[str] = set()
    pending = [name]
    while pending:
        node = nodes[pending.pop()]
        new = {*node.deps, *node.build_deps} - found
        found |= new
        pending += new
    return found


def test_a_group_follows_its_dependencies_within_its_budgets(core: Origin) -> None:
    run = core.run()

    with recorded_calls() as calls:
        group = core.starts()
        run.run()
        assert reaches(group, "Complete")

    assert sorted(build.name for build in run.builds) == sorted(core.projects)
    ended = {build.name: build.ended for build in run.builds}
    for build in run.builds:
        node = core.nodes[build.name]
        for needed in {*node.deps, *node.build_deps} - {build.name}:
            assert ended[needed] <= build.started or build.name in all_needs(core.nodes, needed)
    assert run.time <= 1.15 * Bound(core.nodes, core.projects, core.seconds).tight(WORKERS)
    assert len(calls.exchanges) <= CALLS_PER_JOB * PROJECTS, calls.operations
    for build in run.builds[-100:]:  # the engine drops old executions
        assert group_run.transitions_of("JobMachine", f"job-{build.job_id}-1") <= TRANSITIONS_PER_JOB
    assert group_run.events_of("GroupMachine", f"grp-{int(group.id)}-1") <= EVENTS_OF_A_GROUP


def test_exactly_the_dependents_of_failed_builds_are_skipped(core: Origin) -> None:
    failing = group_run.some_of(core.nodes, 0.05, seed=11)
    group, run = core.starts(), core.run(failing=failing)

    run.run()

    assert reaches(group, "Complete")
    graph = BuildGraph(core.nodes)
    needed = graph.needed_within(core.projects)
    expected: dict[str, str] = {}
    for name in needed:  # in build order
        is_skipped = any(expected[each] != "complete" for each in needed[name])
        expected[name] = "skipped" if is_skipped else "failed" if name in failing else "complete"
    assert states_of(group) == expected
    assert {"skipped", "failed", "complete"} <= set(expected.values())


def test_a_cancel_in_the_middle_ends_with_the_next_heartbeats(core: Origin) -> None:
    group, number = core.starts(), len(core.projects)

    def cancel(run: GroupRun) -> None:
        if len(run.builds) == number // 2:
            assert core.depot.post(f"/jobs/group/{int(group.id)}/cancel", by="bobo").status == 204

    run = core.run(after_build=cancel)
    run.run()

    assert reaches(group, "Canceled")
    results = [build.result for build in run.builds]
    canceled = results[number // 2 :]
    assert canceled == ["canceled"] * len(canceled)
    assert len(canceled) < WORKERS
    assert Counter(states_of(group).values()) == {"complete": number // 2, "canceled": number - number // 2}


def test_the_job_of_another_origin_waits_for_one_slot(depot: Depot) -> None:
    large, origin = a_name("origin"), a_name("origin")
    many = Origin(depot, a_level(large, JOBS_OF_ONE_ORIGIN))
    other = Origin(depot, {f"{origin}/single": Node(ident_of(f"{origin}/single"))}, {f"{origin}/single": 1.0})
    many.starts()

    def schedule(run: GroupRun) -> None:
        if len(run.builds) == 5:
            other.starts()

    run = GroupRun(depot, [a_depot_worker(depot)] * 2, many.seconds | other.seconds, after_build=schedule)
    run.run()

    began = run.builds[4].ended
    single = next(build for build in run.builds if build.name == f"{origin}/single")
    assert single.started == began


def test_the_longest_remaining_path_is_built_first(depot: Depot) -> None:
    """The first group shows that `x` takes long. Until then `a` and `y` come first, because others need them."""
    origin = a_name("origin")
    lengths = {"root": 10.0, "a": 5.0, "b": 5.0, "x": 30.0, "y": 10.0, "z": 10.0}
    needs = {"root": (), "a": ("root",), "b": ("a",), "x": ("root",), "y": ("root",), "z": ("y",)}
    nodes = {
        f"{origin}/{name}": Node(ident_of(f"{origin}/{name}"), tuple(f"{origin}/{each}" for each in needed))
        for name, needed in needs.items()
    }
    small = Origin(depot, nodes, {f"{origin}/{name}": seconds for name, seconds in lengths.items()})

    times = []
    for _ in range(2):
        group, run = small.starts(), small.run(workers=2)
        run.run()
        assert reaches(group, "Complete")
        times.append(run.time)

    assert times[1] == Bound(nodes, nodes, small.seconds).tight(2) < times[0]
