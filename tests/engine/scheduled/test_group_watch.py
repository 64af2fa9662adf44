"""The watchdog of job groups starts what should run and does not; the repair visits all open groups in turn."""

import time
from typing import Any

import pytest

from chalicelib.builds import motor, rows
from chalicelib.builds.rows import GroupPointerRow, GroupRow, GuardRow
from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.platform import logs
from chalicelib.platform.clock import new_id
from chalicelib.platform.step_functions import Execution, StepFunctionsFailed
from chalicelib.platform.table import put_many
from chalicelib.scheduled import cursors, group_repair, group_watch, open_groups
from tests.builders.engine_double import EngineDouble
from tests.builders.group_rows import LINUX, a_group, ago, group_row
from tests.builders.names import a_name
from tests.builders.rows import empty_partition, partition_rows

OPEN = f"OPEN-GROUPS#{LINUX}"
QUEUED = GroupState.QUEUED


@pytest.fixture
def no_other_groups(engine: EngineDouble) -> None:
    """No groups of other tests are open."""
    for target in (LINUX, Target.X86_64_WINDOWS):
        empty_partition(f"OPEN-GROUPS#{target}")
    for function in (group_repair.FUNCTION, group_watch.FUNCTION):
        cursors.store_cursor(f"{function}/{LINUX}", "")


@pytest.fixture
def executions(no_other_groups: None, monkeypatch: pytest.MonkeyPatch) -> dict[int, Execution]:
    """The state of the current execution of each group; RUNNING unless a test sets it."""
    states: dict[int, Execution] = {}
    monkeypatch.setattr(motor, "find_group", lambda group_id, _: states.get(group_id, Execution.RUNNING))
    return states


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The executions that were started."""
    made: list[tuple[int, int]] = []
    monkeypatch.setattr(motor, "start_group", lambda *arguments: made.append(arguments))
    monkeypatch.setattr(motor, "_start_group", lambda *arguments: made.append(arguments))
    return made


def test_a_group_whose_execution_runs_is_left_alone(
    engine: EngineDouble, executions: dict[int, Execution], started: list[Any]
) -> None:
    a_group()

    assert group_watch.watch_groups(60).groups == 1
    assert engine.calls == started == []


def test_a_missing_execution_is_started(
    engine: EngineDouble, executions: dict[int, Execution], started: list[Any]
) -> None:
    group = a_group(generation=3)
    executions[int(group.id)] = Execution.MISSING

    group_watch.watch_groups(60)

    assert started == [(int(group.id), 3)]


def test_an_ended_execution_is_followed_by_the_next(
    engine: EngineDouble, executions: dict[int, Execution], started: list[Any]
) -> None:
    group = a_group()
    executions[int(group.id)] = Execution.ENDED

    group_watch.watch_groups(60)

    assert started == [(int(group.id), 2)]
    assert int(group_row(int(group.id)).generation) == 2


def test_a_group_that_is_not_ready_after_two_minutes_is_filled_by_its_execution(
    engine: EngineDouble, executions: dict[int, Execution], started: list[Any]
) -> None:
    old, young, running = (
        a_group(QUEUED, is_ready=False, created_at=ago(seconds=seconds)) for seconds in (121, 60, 121)
    )
    executions[int(old.id)] = executions[int(young.id)] = Execution.MISSING

    group_watch.watch_groups(60)

    assert started == [(int(old.id), 1)]
    assert int(running.id) not in executions


def test_a_queued_group_without_an_active_one_is_activated(
    engine: EngineDouble, executions: dict[int, Execution], started: list[Any]
) -> None:
    free, behind = a_group(QUEUED), a_group(QUEUED)
    key = rows.active_key(behind.root, LINUX)
    put_many([GuardRow(key.pk, key.sk, group_id=new_id())])

    group_watch.watch_groups(60)

    assert engine.calls == [("activate", int(free.id))]


def test_a_pointer_without_a_group_is_deleted(engine: EngineDouble, executions: dict[int, Execution]) -> None:
    key = rows.open_group_key(LINUX, new_id())
    put_many([GroupPointerRow(key.pk, key.sk, group_id=int(key.sk))])

    assert group_watch.watch_groups(60).groups == 0
    assert partition_rows(OPEN) == {}


def test_without_state_machines_the_watchdog_takes_the_steps(engine: EngineDouble, no_other_groups: None) -> None:
    ended, queued, unready = a_group(), a_group(QUEUED), a_group(QUEUED, is_ready=False)
    engine.open[int(ended.id)] = 0

    group_watch.watch_groups(60)

    assert ("finish", int(ended.id)) in engine.calls
    assert ("activate", int(queued.id)) in engine.calls
    assert ("expand", int(unready.id)) in engine.calls


def test_a_group_that_fails_does_not_stop_the_others(
    engine: EngineDouble, executions: dict[int, Execution], started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "unexpected_error", lambda _: None)
    bad, good = a_group(), a_group()
    executions[int(good.id)] = Execution.MISSING

    def find(group_id: int, _: int) -> Execution:
        if group_id == int(bad.id):
            raise StepFunctionsFailed
        return executions[group_id]

    monkeypatch.setattr(motor, "find_group", find)
    result = group_watch.watch_groups(60)

    assert (result.groups, result.failed) == (2, 1)
    assert started == [(int(good.id), 1)]


def test_a_run_ends_in_time(engine: EngineDouble, executions: dict[int, Execution]) -> None:
    a_group()

    assert group_watch.watch_groups(-1).groups == 0
    assert group_repair.repair_groups(-1).groups == 0


def test_all_groups_but_queued_ones_are_repaired(engine: EngineDouble, no_other_groups: None) -> None:
    active, canceled = a_group(), a_group(GroupState.CANCELED)
    a_group(QUEUED)
    a_group(is_ready=False)

    assert group_repair.repair_groups(60).groups == 4
    assert engine.calls == [("repair", int(active.id)), ("repair", int(canceled.id))]


class Clock:
    """A clock on which a second passes with each group."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        patch.setattr(time, "monotonic", lambda: self.seconds)

    def tick(self, *_: Any) -> None:
        self.seconds += 1


def test_runs_that_are_too_short_for_all_groups_visit_them_in_turn(
    engine: EngineDouble, no_other_groups: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run has time for two groups of each target."""
    monkeypatch.setattr(open_groups, "AT_ONCE", 2)
    linux = [int(a_group().id) for _ in range(5)]
    windows = [int(a_group(target=Target.X86_64_WINDOWS).id) for _ in range(2)]
    clock, visited = Clock(monkeypatch), []

    def treat(group: GroupRow) -> None:
        visited.append(int(group.id))
        clock.tick()

    function, runs = a_name("function"), []
    for _ in range(4):
        visited.clear()
        open_groups.visit_open_groups(function, len(Target) * 1.5, treat)
        runs.append([each for each in visited if each in (*linux, *windows)])

    assert [run[:2] for run in runs[:2]] == [linux[:2], linux[2:4]]
    assert set(linux) == {each for run in runs for each in run if each in linux}
    assert all(set(windows) & set(run) for run in runs), "the groups of a target do not delay those of another"


@pytest.mark.parametrize("function", ["watch_groups", "repair_groups"])
def test_a_run_continues_where_the_last_one_was_killed(
    function: str, engine: EngineDouble, executions: dict[int, Execution], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_groups, "AT_ONCE", 2)
    groups = [a_group() for _ in range(5)]
    module, visited = {"watch_groups": group_watch, "repair_groups": group_repair}[function], []

    class Killed(BaseException):
        """The end of the function's process."""

    def treat(group: GroupRow) -> None:
        visited.append(int(group.id))
        if len(visited) == 4:
            raise Killed

    monkeypatch.setattr(module, "_examine" if function == "watch_groups" else "_repair", treat)
    with pytest.raises(Killed):
        getattr(module, function)(60)
    getattr(module, function)(60)
    visited_twice = visited[4:]
    getattr(module, function)(60)

    assert visited_twice == [int(group.id) for group in groups[2:]]
    assert visited[-5:] == [int(group.id) for group in groups]
