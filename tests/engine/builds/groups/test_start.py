"""The start of the first jobs of a job group, and of its execution (builds.md 6.1, 11)."""

import pytest

from chalicelib.builds.groups import beginning, filling
from chalicelib.platform.table import StoreUnavailable
from tests.builders.group_creation import SIZE, Interrupted, a_left_group, dying_while_starting, groups_of, schedule
from tests.builders.group_rows import group_row
from tests.builders.recording_engine import RecordingEngine


def test_a_repeat_starts_the_jobs_of_a_group_that_was_written_but_not_started(
    engine: RecordingEngine, root: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beginning, "IN_ONE_TRANSACTION", SIZE)
        with pytest.raises(Interrupted), dying_while_starting():
            schedule(root)
    (left,) = groups_of(root)
    assert left.is_ready

    second = schedule(root).group

    assert second is not None
    assert int(second.id) == int(left.id)
    assert engine.calls == [("activate", int(left.id)), ("start_group", int(left.id))]


def test_a_group_is_the_answer_even_if_its_jobs_cannot_be_started(engine: RecordingEngine, root: str) -> None:
    with dying_while_starting(StoreUnavailable):
        assert schedule(root).group is not None

    (group,) = groups_of(root)
    assert engine.calls == [("start_group", int(group.id))]


def test_a_group_that_waited_while_it_was_filled_is_activated(engine: RecordingEngine, root: str) -> None:
    schedule(root)
    queued = a_left_group(root, writes=1)

    filling.expand(int(queued.id))

    assert group_row(int(queued.id)).is_ready
    assert engine.calls[-2:] == [("activate", int(queued.id)), ("start_group", int(queued.id))]
