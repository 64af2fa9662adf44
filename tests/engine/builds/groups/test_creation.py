"""Creation of job groups that is interrupted, fails half-way or is repeated (builds.md 6.1, 11)."""

from datetime import timedelta

import pytest

from chalicelib.builds.groups import filling
from chalicelib.core.builds.build_states import GroupState
from chalicelib.platform.table import StoreUnavailable
from tests.builders.group_creation import a_left_group, assert_whole, dying_after, groups_of, guard_ids, schedule
from tests.builders.log_lines import log_lines
from tests.builders.recording_engine import RecordingEngine


@pytest.mark.parametrize("writes", range(1, 5))
def test_the_next_request_completes_a_group_that_was_left(
    engine: RecordingEngine, root: str, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_left_group(root, writes)
    monkeypatch.setattr(filling, "LEFT_AFTER", timedelta(seconds=-1))

    second = schedule(root).group

    assert second is not None
    first, behind = groups_of(root)
    assert_whole(first, engine)
    assert (int(behind.id), behind.group_state) == (int(second.id), GroupState.QUEUED)
    assert guard_ids(root) == [int(first.id), int(second.id)]


@pytest.mark.parametrize("writes", range(1, 5))
def test_a_request_soon_after_joins_the_group_and_starts_its_execution(
    engine: RecordingEngine, root: str, writes: int
) -> None:
    left = a_left_group(root, writes)

    second = schedule(root).group

    assert second is not None
    assert [int(group.id) for group in groups_of(root)] == [int(second.id)] == [int(left.id)]
    assert engine.calls == [("start_group", int(left.id))]


@pytest.mark.parametrize("writes", range(1, 4))
def test_a_group_that_is_written_is_the_answer_even_if_the_table_fails_afterwards(
    engine: RecordingEngine, root: str, writes: int
) -> None:
    with log_lines() as log, dying_after(writes, StoreUnavailable):
        created = schedule(root).group

    assert created is not None
    (group,) = groups_of(root)
    assert int(created.id) == int(group.id)
    assert engine.calls == [("start_group", int(group.id))]
    assert [line["UnstartedGroups"] for line in log.named("job group not started")] == [[1.0]]
    assert [line["level"] for line in log.named("call failed")] == ["WARNING"]
