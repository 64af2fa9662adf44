"""Creation of job groups that is interrupted, repeated, superseded or canceled (builds.md 6.1, 11)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from chalicelib.builds import rows
from chalicelib.builds.engine import ending, starting
from chalicelib.builds.groups import beginning, entries, filling, rebuild, service
from chalicelib.builds.groups.requester import Requester
from chalicelib.builds.groups.service import Scheduled
from chalicelib.builds.rows import GroupPointerRow, GroupRow, GuardRow
from chalicelib.core.build_set import Flags
from chalicelib.core.build_states import EntryState, GroupState
from chalicelib.core.event_kinds import Trigger
from chalicelib.core.visibility import Visibility
from chalicelib.origins import service as origins
from chalicelib.platform import table
from chalicelib.platform.change import Change
from chalicelib.platform.table import StoreUnavailable
from tests.builders.bucket import a_bucket
from tests.builders.builds import (
    LINUX,
    RecordingEngine,
    a_project,
    a_recording_engine,
    entries_of,
    group_row,
    open_entries,
    set_group,
)
from tests.builders.graphs import a_graph_of
from tests.builders.log_lines import log_lines
from tests.builders.names import a_name
from tests.builders.package_requests import UPLOADER

SIZE = 8
BY = Requester(UPLOADER.account_id, UPLOADER.name, Trigger.HAB)


class Interrupted(BaseException):
    """The process has died."""


@pytest.fixture
def engine(table: None) -> Iterator[RecordingEngine]:
    with a_bucket(), a_recording_engine() as engine:
        yield engine


@pytest.fixture
def root(engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch) -> str:
    """A root with dependents whose group takes several transactions."""
    monkeypatch.setattr(beginning, "IN_ONE_TRANSACTION", 2)
    monkeypatch.setattr(entries, "ROWS_PER_TRANSACTION", 3)
    origin = a_name("origin")
    origins.create(origin, Visibility.PUBLIC, UPLOADER)
    root = f"{origin}/root"
    leaves = [f"{origin}/leaf{number}" for number in range(SIZE - 1)]
    engine.graph = a_graph_of({root: (), **{leaf: [root] for leaf in leaves}})
    for name in (root, *leaves):
        a_project(name)
    return root


def schedule(root: str, event: str | None = None) -> Scheduled:
    return service.schedule(root, LINUX, Flags(), BY, event)


def groups(root: str) -> list[GroupRow]:
    pointers = table.rows(GroupPointerRow, rows.origin_groups_partition(root.partition("/")[0]))
    return [group_row(int(pointer.group_id)) for pointer in pointers]


def guard_ids(root: str) -> list[int]:
    keys = (rows.active_key(root, LINUX), rows.queued_key(root, LINUX))
    return [int(row.group_id) for key in keys if (row := table.read(key)) is not None]


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every group that is not filled count as one that was left."""
    monkeypatch.setattr(filling, "LEFT_AFTER", timedelta(seconds=-1))


@contextmanager
def dying_while_starting(error: type[BaseException] = Interrupted) -> Iterator[None]:
    """Let the process die before the first job of a group starts, or let the start fail."""

    def die(*_: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starting, "start_ready", die)
        yield


@contextmanager
def dying_after(writes: int, error: type[BaseException] = Interrupted) -> Iterator[None]:
    """Let the process die before a write to the table, or all writes fail; `writes` are made before it."""
    numbers, call = count(), Connection._make_api_call

    def watched(connection: Connection, operation: str, request: dict[str, Any]) -> Any:
        if operation in ("TransactWriteItems", "BatchWriteItem") and next(numbers) >= writes:
            raise error
        return call(connection, operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "_make_api_call", watched)
        yield


def assert_whole(group: GroupRow, engine: RecordingEngine) -> None:
    assert group.is_ready
    found = list(entries_of(int(group.id)).values())
    assert len(found) == int(group.projects) == sum(open_entries(int(group.id))) == SIZE
    assert {entry.entry_state for entry in found} == {EntryState.WAITING}
    assert [entry.waiting for entry in found] == [None, *[{"000000"}] * (SIZE - 1)]
    assert group.group_state is GroupState.DISPATCHING
    assert engine.started[int(group.id)][-1] == group.root


@pytest.mark.parametrize("writes", range(1, 5))
def test_the_next_request_completes_a_group_that_was_left(
    engine: RecordingEngine, root: str, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Interrupted), dying_after(writes):
        schedule(root)
    (left,) = groups(root)
    assert not left.is_ready
    later(monkeypatch)

    second = schedule(root).group

    assert second is not None
    first, behind = groups(root)
    assert_whole(first, engine)
    assert (int(behind.id), behind.group_state) == (int(second.id), GroupState.QUEUED)
    assert guard_ids(root) == [int(first.id), int(second.id)]


@pytest.mark.parametrize("writes", range(1, 5))
def test_a_request_soon_after_joins_the_group_and_starts_its_execution(
    engine: RecordingEngine, root: str, writes: int
) -> None:
    with pytest.raises(Interrupted), dying_after(writes):
        schedule(root)
    (left,) = groups(root)

    second = schedule(root).group

    assert second is not None
    assert [int(group.id) for group in groups(root)] == [int(second.id)] == [int(left.id)]
    assert engine.calls == [("start_group", int(left.id))]


def test_a_repeat_starts_the_jobs_of_a_group_that_was_written_but_not_started(
    engine: RecordingEngine, root: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beginning, "IN_ONE_TRANSACTION", SIZE)
        with pytest.raises(Interrupted), dying_while_starting():
            schedule(root)
    (left,) = groups(root)
    assert left.is_ready

    second = schedule(root).group

    assert second is not None
    assert int(second.id) == int(left.id)
    assert engine.calls == [("activate", int(left.id)), ("start_group", int(left.id))]


@pytest.mark.parametrize("writes", range(1, 4))
def test_a_group_that_is_written_is_the_answer_even_if_the_table_fails_afterwards(
    engine: RecordingEngine, root: str, writes: int
) -> None:
    with log_lines() as log, dying_after(writes, StoreUnavailable):
        created = schedule(root).group

    assert created is not None
    (group,) = groups(root)
    assert int(created.id) == int(group.id)
    assert engine.calls == [("start_group", int(group.id))]
    assert [line["UnstartedGroups"] for line in log.named("job group not started")] == [[1.0]]
    assert [line["level"] for line in log.named("call failed")] == ["WARNING"]


def test_a_group_is_the_answer_even_if_its_jobs_cannot_be_started(engine: RecordingEngine, root: str) -> None:
    with dying_while_starting(StoreUnavailable):
        assert schedule(root).group is not None

    (group,) = groups(root)
    assert engine.calls == [("start_group", int(group.id))]


@pytest.mark.parametrize("writes", range(1, 6))
@pytest.mark.parametrize("died_again", [0, 1, 2, 3])
def test_a_group_is_filled_however_often_that_is_interrupted(
    engine: RecordingEngine, root: str, writes: int, died_again: int
) -> None:
    try:
        with dying_after(writes):
            schedule(root)
    except Interrupted:
        pass
    (left,) = groups(root)
    try:
        with dying_after(died_again):
            filling.expand(int(left.id))
    except Interrupted:
        pass

    filling.expand(int(left.id))

    (group,) = groups(root)
    assert_whole(group, engine)


def test_a_call_that_was_superseded_writes_nothing_more(engine: RecordingEngine, root: str) -> None:
    with pytest.raises(Interrupted), dying_after(1):
        schedule(root)
    (left,) = groups(root)
    planned = entries.planned(int(left.id), [root], engine.graph, LINUX)
    filling.expand(int(left.id))

    assert filling.fill(left, planned) is False

    assert_whole(group_row(int(left.id)), engine)


@pytest.mark.parametrize("writes", range(1, 5))
def test_a_group_that_is_canceled_while_it_is_filled_ends_empty(
    engine: RecordingEngine, root: str, writes: int
) -> None:
    with pytest.raises(Interrupted), dying_after(writes):
        schedule(root)
    (left,) = groups(root)
    with Change() as change:
        change.update(rows.group_key(int(left.id)), [GroupRow.state.set(str(GroupState.CANCELED))])

    filling.expand(int(left.id))

    group = group_row(int(left.id))
    assert (group.group_state, group.is_ready, int(group.projects)) == (GroupState.CANCELED, True, 0)
    assert (entries_of(int(left.id)), open_entries(int(left.id)), guard_ids(root)) == ({}, [0], [])
    assert engine.started == {}


def test_a_group_that_ends_empty_releases_its_guard_in_the_same_transaction(
    engine: RecordingEngine, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: GroupRow) -> None:
        raise Interrupted

    with pytest.raises(Interrupted), dying_after(1):
        schedule(root)
    (left,) = groups(root)
    monkeypatch.setattr(rows, "GROUP_PROJECTS", SIZE - 1)
    monkeypatch.setattr(ending, "pass_turn", die)

    with pytest.raises(Interrupted):
        filling.expand(int(left.id))

    assert guard_ids(root) == []


def test_a_group_that_can_no_longer_be_filled_fails_and_lets_the_next_begin(
    engine: RecordingEngine, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = schedule(root).group
    assert ended is not None
    set_group(int(ended.id), GroupState.COMPLETE)
    with pytest.raises(Interrupted), dying_after(1):
        schedule(root)
    left = groups(root)[-1]
    behind = rebuild.rebuild(int(ended.id), [], BY)
    assert behind is not None
    monkeypatch.setattr(rows, "GROUP_PROJECTS", SIZE - 1)

    filling.expand(int(left.id))

    assert group_row(int(left.id)).group_state is GroupState.FAILED
    assert guard_ids(root) == [behind]
    assert ("activate", behind) in engine.calls


def test_a_group_that_waited_while_it_was_filled_is_activated(engine: RecordingEngine, root: str) -> None:
    schedule(root)
    (active,) = groups(root)
    with pytest.raises(Interrupted), dying_after(1):
        schedule(root)
    queued = next(group for group in groups(root) if int(group.id) != int(active.id))

    filling.expand(int(queued.id))

    assert group_row(int(queued.id)).is_ready
    assert engine.calls[-2:] == [("activate", int(queued.id)), ("start_group", int(queued.id))]


def test_a_guard_whose_group_is_gone_does_not_block(engine: RecordingEngine, root: str) -> None:
    key = rows.active_key(root, LINUX)
    table.put_many([GuardRow(key.pk, key.sk, group_id=7)])

    scheduled = schedule(root).group

    assert scheduled is not None
    assert guard_ids(root) == [int(scheduled.id)]


def test_requests_at_the_same_time_make_one_active_and_at_most_one_queued_group(
    engine: RecordingEngine, root: str
) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: schedule(root), range(8)))

    ids = {int(each.group.id) for each in found if each.group is not None}
    assert len(ids) in (1, 2)  # those that come before the first one has begun join it
    assert set(guard_ids(root)) == ids
    assert table.read(rows.active_key(root, LINUX)) is not None
    assert {int(group.id) for group in groups(root)} == ids


@pytest.mark.parametrize("writes", range(7))
def test_a_repeated_event_makes_no_second_group(engine: RecordingEngine, root: str, writes: int) -> None:
    event = a_name("event")
    with suppress(Interrupted), dying_after(writes):
        schedule(root, event)

    second, third = schedule(root, event).group, schedule(root, event).group

    (only,) = groups(root)
    assert second is not None
    assert third is not None
    assert only.id == second.id == third.id


def test_a_repeated_event_returns_the_group_that_it_joined(engine: RecordingEngine, root: str) -> None:
    event = a_name("event")
    active, queued = schedule(root).group, schedule(root).group
    assert active is not None
    assert queued is not None
    joined = schedule(root, event).group
    ending.cancel(int(queued.id))

    repeated = schedule(root, event).group

    assert joined is not None
    assert repeated is not None
    assert queued.id == joined.id == repeated.id
    assert len(groups(root)) == 2


def test_other_events_make_other_groups(engine: RecordingEngine, root: str) -> None:
    for event in (a_name("event"), a_name("event"), None, None):
        schedule(root, event)

    assert len(groups(root)) == 2  # one is active, the others share the one that is queued


def test_of_two_calls_for_one_event_only_one_makes_a_group(engine: RecordingEngine, root: str) -> None:
    event = a_name("event")
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(schedule, root, event) for _ in range(4)]

    (only,) = groups(root)
    assert {group.id for each in made if (group := each.result().group) is not None} == {only.id}
