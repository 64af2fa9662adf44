"""The transaction that begins a job group: one active and one queued group per root (builds.md 8.3)."""

from concurrent.futures import ThreadPoolExecutor

from chalicelib.builds import rows
from chalicelib.builds.rows import GuardRow
from chalicelib.platform import table
from tests.builders.group_creation import groups_of, guard_ids, schedule
from tests.builders.group_rows import LINUX
from tests.builders.recording_engine import RecordingEngine


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
    assert {int(group.id) for group in groups_of(root)} == ids
