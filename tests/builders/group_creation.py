"""Job groups that are created with a `RecordingEngine`, also by a process that dies on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from chalicelib.builds import rows
from chalicelib.builds.engine import starting
from chalicelib.builds.groups import service
from chalicelib.builds.groups.requester import Requester
from chalicelib.builds.groups.service import Scheduled
from chalicelib.builds.rows import GroupPointerRow, GroupRow
from chalicelib.core.builds.build_set import Flags
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.platform import table
from tests.builders.group_rows import LINUX, entries_of, group_row, open_entries
from tests.builders.package_requests import UPLOADER
from tests.builders.recording_engine import RecordingEngine

SIZE = 8
"""Number of projects of the groups: a root, and what depends on it."""

BY = Requester(UPLOADER.account_id, UPLOADER.name, Trigger.HAB)


class Interrupted(BaseException):
    """The process has died."""


def schedule(root: str, event: str | None = None) -> Scheduled:
    """Request a group for a root, for an event if there is one."""
    return service.schedule(root, LINUX, Flags(), BY, event)


def a_left_group(root: str, writes: int) -> GroupRow:
    """Request a group from a process that dies after some writes, and return the group, which is not ready."""
    earlier = {int(group.id) for group in groups_of(root)}
    with pytest.raises(Interrupted), dying_after(writes):
        schedule(root)
    (left,) = (group for group in groups_of(root) if int(group.id) not in earlier)
    assert not left.is_ready
    return left


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


@contextmanager
def dying_while_starting(error: type[BaseException] = Interrupted) -> Iterator[None]:
    """Let the process die before the first job of a group starts, or let the start fail."""

    def die(*_: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starting, "start_ready", die)
        yield


def groups_of(root: str) -> list[GroupRow]:
    """Return the groups of the root's origin, the oldest first."""
    pointers = table.rows(GroupPointerRow, rows.origin_groups_partition(root.partition("/")[0]))
    return [group_row(int(pointer.group_id)) for pointer in pointers]


def guard_ids(root: str) -> list[int]:
    """Return the ids of the active and of the queued group of a root, as far as there are any."""
    keys = (rows.active_key(root, LINUX), rows.queued_key(root, LINUX))
    return [int(row.group_id) for key in keys if (row := table.read(key)) is not None]


def assert_whole(group: GroupRow, engine: RecordingEngine) -> None:
    """Assert that a group has all of its entries, and that its root was started."""
    assert group.is_ready
    found = list(entries_of(int(group.id)).values())
    assert len(found) == int(group.projects) == sum(open_entries(int(group.id))) == SIZE
    assert {entry.entry_state for entry in found} == {EntryState.WAITING}
    assert [entry.waiting for entry in found] == [None, *[{"000000"}] * (SIZE - 1)]
    assert group.group_state is GroupState.DISPATCHING
    assert engine.started[int(group.id)][-1] == group.root
