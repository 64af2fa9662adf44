"""Every change of a group may end between any two calls to the table; a repeat, or a repair, completes it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from chalicelib.builds.engine import entries
from chalicelib.builds.engine.ending import cancel, fail, finish
from chalicelib.builds.engine.propagation import repair
from chalicelib.builds.engine.settling import Cause, ResultKind, settle
from chalicelib.builds.engine.starting import activate, start_ready
from chalicelib.builds.rows import active_key, order_text
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.platform.table import delete_many, read
from tests.builders.histories import Killed
from tests.builders.job_groups import LINUX, Group, a_group, claim, report, slots_of, start, waiting_jobs

pytestmark = pytest.mark.usefixtures("table")

DIAMOND = [[], [0], [0], [1, 2], [3], []]
Action = Callable[[], object]


@contextmanager
def killed_after(calls: int) -> Iterator[None]:
    """End the block before its nth call to the table."""
    made, make_call = count(), Connection._make_api_call

    def call(connection: Connection, operation: str, request: dict[str, Any]) -> Any:
        if next(made) >= calls:
            raise Killed
        return make_call(connection, operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "_make_api_call", call)
        yield


def a_start(group: Group) -> Action:
    delete_many([group.project_key(5)])
    entries = [group.entry(0), group.entry(5)]
    return lambda: start_ready(group.row, entries)


def an_activation(group: Group) -> Action:
    return lambda: activate(group.id)


def a_settlement(kind: ResultKind | None, group: Group) -> Action:
    start(group)
    job = claim(group.origin)
    assert job is not None
    if kind is not None:
        report(job, kind)
    return lambda: settle(int(job.id), 1, Cause.REPORTED if kind else Cause.LOST)


def a_cancel(group: Group) -> Action:
    start(group)
    claim(group.origin)
    return lambda: cancel(group.id)


def a_fault(group: Group) -> Action:
    start(group)
    claim(group.origin)
    return lambda: fail(group.id)


def a_finish(group: Group) -> Action:
    a_group(DIAMOND, GroupState.QUEUED, origin=group.origin)
    entries.close(group.row, [order_text(position) for position in range(len(DIAMOND))], EntryState.SKIPPED)
    return lambda: finish(group.id)


CHANGES: dict[str, tuple[Callable[[Group], Action], GroupState]] = {
    "a start": (a_start, GroupState.DISPATCHING),
    "an activation": (an_activation, GroupState.QUEUED),
    "a completion": (partial(a_settlement, ResultKind.COMPLETE), GroupState.DISPATCHING),
    "a failure": (partial(a_settlement, ResultKind.FAILED), GroupState.DISPATCHING),
    "a loss": (partial(a_settlement, None), GroupState.DISPATCHING),
    "a cancel": (a_cancel, GroupState.DISPATCHING),
    "a fault": (a_fault, GroupState.DISPATCHING),
    "a finish": (a_finish, GroupState.DISPATCHING),
}


def view(group: Group) -> object:
    """What is stored about a group, its origin and the active group of its root, without ids and times."""
    jobs = [group.job(position).state if group.job_id(position) else "" for position in range(len(group.needs))]
    left = len(waiting_jobs(group.origin)), len(slots_of(group.origin))
    guard = read(active_key(group.row.root, LINUX))
    active = None if guard is None else Group(int(guard.group_id), group.origin, []).states
    return group.state, group.states, [entry["is_passed_on"] for entry in group.entries], jobs, group.open, left, active


def a_prepared_group(change: str) -> tuple[Group, Action]:
    prepare, state = CHANGES[change]
    group = a_group(DIAMOND, state)
    return group, prepare(group)


def interruptions(change: str) -> Iterator[tuple[Group, Action, object]]:
    """Yield groups whose change was interrupted before each of its calls, the change, and the view before it."""
    for calls in count():
        group, act = a_prepared_group(change)
        before = view(group)
        try:
            with killed_after(calls):
                act()
        except Killed:
            yield group, act, before
        else:
            assert calls >= 2
            return


@pytest.mark.parametrize("change", CHANGES)
def test_a_repeat_completes_an_interrupted_change(change: str) -> None:
    undisturbed, act_once = a_prepared_group(change)
    act_once()
    for group, act, _ in interruptions(change):
        act()
        assert view(group) == view(undisturbed)


@pytest.mark.parametrize("change", CHANGES)
def test_a_repair_completes_a_change_that_had_begun(change: str, woken: list[int]) -> None:
    undisturbed, act_once = a_prepared_group(change)
    act_once()
    for group, act, before in interruptions(change):
        woken.clear()
        repair(group.row)
        if view(group) == before or group.id in woken:  # the execution of a group that was woken finishes it
            act()
        assert view(group) == view(undisturbed)


def test_a_repeat_skips_what_an_interrupted_skip_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "CLOSED_TOGETHER", 1)
    for calls in count():
        group = a_group([[], [0], [1], [2]])
        act = a_settlement(ResultKind.FAILED, group)
        try:
            with killed_after(calls):
                act()
        except Killed:
            act()
        else:
            return
        assert group.states == ["failed", "skipped", "skipped", "skipped"]
        assert group.open == 0
