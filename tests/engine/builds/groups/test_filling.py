"""The entries of a job group that takes several transactions (builds.md 6.1, 11)."""

from contextlib import suppress

import pytest

from chalicelib.builds import rows
from chalicelib.builds.engine import ending
from chalicelib.builds.groups import entries, filling, rebuild
from chalicelib.builds.rows import GroupRow
from chalicelib.core.builds.build_states import GroupState
from chalicelib.platform.change import Change
from tests.builders.group_creation import (
    BY,
    SIZE,
    Interrupted,
    a_left_group,
    assert_whole,
    dying_after,
    groups_of,
    guard_ids,
    schedule,
)
from tests.builders.group_rows import LINUX, entries_of, group_row, open_entries, set_group
from tests.builders.recording_engine import RecordingEngine


@pytest.mark.parametrize("writes", range(1, 6))
@pytest.mark.parametrize("died_again", [0, 1, 2, 3])
def test_a_group_is_filled_however_often_that_is_interrupted(
    engine: RecordingEngine, root: str, writes: int, died_again: int
) -> None:
    with suppress(Interrupted), dying_after(writes):
        schedule(root)
    (left,) = groups_of(root)
    with suppress(Interrupted), dying_after(died_again):
        filling.expand(int(left.id))

    filling.expand(int(left.id))

    (group,) = groups_of(root)
    assert_whole(group, engine)


def test_a_call_that_was_superseded_writes_nothing_more(engine: RecordingEngine, root: str) -> None:
    left = a_left_group(root, writes=1)
    planned = entries.planned(int(left.id), [root], engine.graph, LINUX)
    filling.expand(int(left.id))

    assert filling.fill(left, planned) is False

    assert_whole(group_row(int(left.id)), engine)


@pytest.mark.parametrize("writes", range(1, 5))
def test_a_group_that_is_canceled_while_it_is_filled_ends_empty(
    engine: RecordingEngine, root: str, writes: int
) -> None:
    left = a_left_group(root, writes)
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

    left = a_left_group(root, writes=1)
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
    left = a_left_group(root, writes=1)
    behind = rebuild.rebuild(int(ended.id), [], BY)
    assert behind is not None
    monkeypatch.setattr(rows, "GROUP_PROJECTS", SIZE - 1)

    filling.expand(int(left.id))

    assert group_row(int(left.id)).group_state is GroupState.FAILED
    assert guard_ids(root) == [behind]
    assert ("activate", behind) in engine.calls
