"""Events that are delivered again make no second job group (builds.md 17)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from chalicelib.builds.engine import ending
from tests.builders.group_creation import Interrupted, dying_after, groups_of, schedule
from tests.builders.names import a_name
from tests.builders.recording_engine import RecordingEngine


@pytest.mark.parametrize("writes", range(7))
def test_a_repeated_event_makes_no_second_group(engine: RecordingEngine, root: str, writes: int) -> None:
    event = a_name("event")
    with suppress(Interrupted), dying_after(writes):
        schedule(root, event)

    second, third = schedule(root, event).group, schedule(root, event).group

    (only,) = groups_of(root)
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
    assert len(groups_of(root)) == 2


def test_other_events_make_other_groups(engine: RecordingEngine, root: str) -> None:
    for event in (a_name("event"), a_name("event"), None, None):
        schedule(root, event)

    assert len(groups_of(root)) == 2  # one is active, the others share the one that is queued


def test_of_two_calls_for_one_event_only_one_makes_a_group(engine: RecordingEngine, root: str) -> None:
    event = a_name("event")
    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(schedule, root, event) for _ in range(4)]

    (only,) = groups_of(root)
    assert {group.id for each in made if (group := each.result().group) is not None} == {only.id}
