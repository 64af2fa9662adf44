"""Old job groups lose their channels and entries; nothing is lost that is in no other channel."""

import json
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.builds import rows
from chalicelib.builds.groups.archive import archive_key
from chalicelib.builds.rows import GroupPointerRow, GroupRow
from chalicelib.core.builds.build_states import GroupState
from chalicelib.packages import artifacts
from chalicelib.platform import logs
from chalicelib.platform.clock import now
from chalicelib.platform.config import config
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, put_many
from chalicelib.scheduled import builds, group_channels, group_retention
from chalicelib.scheduled.cursors import store_cursor
from chalicelib.scheduled.group_retention import CHANNEL_DAYS, GroupsRetained, retain_groups
from tests.api.client import Depot
from tests.builders.engine_double import EngineDouble
from tests.builders.group_rows import a_group, ago, an_entry
from tests.builders.hart import Hart
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, promote
from tests.builders.rows import partition_rows


@pytest.fixture(autouse=True)
def _first_run(engine: EngineDouble) -> None:
    """No earlier run has stored where it stopped."""
    for name in ("group-channels", "group-entries"):
        store_cursor(name, "")


def an_ended_group(engine: EngineDouble, days: int, **more: Any) -> GroupRow:
    """Write a group without open entries that began some days ago, and list it under its day."""
    values = {"created_at": ago(days=days), "state": GroupState.COMPLETE} | more
    group = a_group(**values)
    engine.open[int(group.id)] = 0
    key = rows.group_of_day_key(group.created_at[:10], int(group.id))
    put_many([GroupPointerRow(key.pk, key.sk, group_id=int(group.id))])
    return group


def is_listed(group: GroupRow, days: int) -> bool:
    """Return whether a group is listed under the day that was some days ago."""
    day = (now().date() - timedelta(days=days)).isoformat()
    return f"{int(group.id):019d}" in partition_rows(rows.groups_of_day_partition(day))


def built(depot: Depot, group: GroupRow, **more: Any) -> Hart:
    """Return a package that a group has built: it is in the group's channel."""
    origin = an_origin(depot)
    hart = a_package(depot, origin, **more)
    a_channel(depot, origin, group.channel)
    promote(depot, hart, group.channel)
    an_entry(group, 0, name=f"{origin}/{hart.ident.name}", built_ident=str(hart.ident), job_id=7)
    return hart


def channels_of(depot: Depot, hart: Hart) -> list[str]:
    """Return the channels of a package."""
    return [channel["name"] for channel in depot.get(f"{hart.url}/channels").json()]


def test_the_channel_of_an_old_group_is_removed(depot: Depot, engine: EngineDouble) -> None:
    group = an_ended_group(engine, CHANNEL_DAYS)
    hart = built(depot, group)
    promote(depot, hart, "stable")

    result = retain_groups(60)

    assert (result.channels, result.groups, result.failed) == (1, 0, 0)
    assert channels_of(depot, hart) == ["unstable", "stable"]
    assert is_listed(group, CHANNEL_DAYS)


def test_a_channel_with_a_package_that_is_only_unstable_stays(depot: Depot, engine: EngineDouble) -> None:
    group = an_ended_group(engine, CHANNEL_DAYS)
    hart = built(depot, group)

    assert retain_groups(60).channels == 0
    assert group.channel in channels_of(depot, hart)


def test_an_empty_channel_is_removed(depot: Depot, engine: EngineDouble) -> None:
    group = an_ended_group(engine, CHANNEL_DAYS)
    hart = built(depot, group)
    assert depot.delete(hart.url, by="bobo").status == 204

    assert retain_groups(60).channels == 1


def test_younger_and_unfinished_groups_keep_their_channels(depot: Depot, engine: EngineDouble) -> None:
    young, running = an_ended_group(engine, CHANNEL_DAYS - 1), an_ended_group(engine, CHANNEL_DAYS, state="Dispatching")
    harts = [built(depot, group) for group in (young, running)]
    for hart in harts:
        promote(depot, hart, "stable")

    assert retain_groups(60).channels == 0
    assert is_listed(running, 0), "a later run looks at it again"


def test_entries_move_to_the_object_store(depot: Depot, engine: EngineDouble) -> None:
    group = an_ended_group(engine, config.group_days)
    hart = built(depot, group)
    an_entry(group, 1, name="acme/other", ident="acme/other/1/2", state="skipped")

    assert retain_groups(60).groups == 1

    archived = json.loads(artifacts.read(archive_key(int(group.id))))
    assert archived["projects"] == [
        {
            "name": f"{hart.ident.origin}/{hart.ident.name}",
            "ident": str(hart.ident),
            "state": "Success",
            "job_id": "7",
            "target": "x86_64-linux",
        },
        {"name": "acme/other", "ident": "acme/other/1/2", "state": "Skipped", "job_id": "0", "target": "x86_64-linux"},
    ]
    assert list(partition_rows(group.pk)) == ["GROUP"]
    assert not is_listed(group, config.group_days)


def test_an_interrupted_move_is_repeated(depot: Depot, engine: EngineDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    group = an_ended_group(engine, config.group_days)
    built(depot, group)

    class Killed(BaseException):
        """The end of the function's process."""

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as interruption, pytest.raises(Killed):
        interruption.setattr(group_retention, "delete_many", kill)
        retain_groups(60)
    assert retain_groups(60).groups == 1
    assert retain_groups(60).groups == 0
    assert list(partition_rows(group.pk)) == ["GROUP"]


@pytest.mark.parametrize("deleted", [1, 2, 3])
def test_a_move_that_is_interrupted_while_it_deletes_entries_loses_none(
    depot: Depot, engine: EngineDouble, monkeypatch: pytest.MonkeyPatch, deleted: int
) -> None:
    group = an_ended_group(engine, config.group_days)
    for position in range(4):
        an_entry(group, position, name=f"acme/tool-{position}")
    left = deleted

    class Killed(BaseException):
        """The end of the function's process."""

    def delete_and_die(keys: Sequence[Key[Any]]) -> None:
        nonlocal left
        delete_many(keys[:left])
        left -= len(keys)
        if left < 0:
            raise Killed

    with monkeypatch.context() as interruption, pytest.raises(Killed):
        interruption.setattr(group_retention, "delete_many", delete_and_die)
        retain_groups(60)
    assert retain_groups(60).groups == 1

    archived = json.loads(artifacts.read(archive_key(int(group.id))))
    assert [each["name"] for each in archived["projects"]] == [f"acme/tool-{position}" for position in range(4)]
    assert list(partition_rows(group.pk)) == ["GROUP"]


def test_a_day_with_more_groups_than_a_run_can_treat_is_continued(
    engine: EngineDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [an_ended_group(engine, CHANNEL_DAYS) for _ in range(5)]
    seconds, treated = 0.0, []

    def remove_channels(group: GroupRow) -> int:
        nonlocal seconds
        seconds += 1
        treated.append(int(group.id))
        return 0

    monkeypatch.setattr(time, "monotonic", lambda: seconds)
    monkeypatch.setattr(group_channels, "remove_channels", remove_channels)
    for _ in range(3):
        retain_groups(3)

    own = [int(group.id) for group in groups]
    assert [each for each in treated if each in own] == own


def test_a_group_that_fails_stays_listed(depot: Depot, engine: EngineDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "unexpected_error", lambda _: None)
    group = an_ended_group(engine, config.group_days)
    built(depot, group)

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as trouble:
        trouble.setattr(artifacts, "put_bytes", fail)
        assert retain_groups(60).failed == 1

    assert is_listed(group, 0)


def test_a_run_ends_in_time_and_the_next_one_continues(depot: Depot, engine: EngineDouble) -> None:
    group = an_ended_group(engine, config.group_days)
    built(depot, group)

    assert retain_groups(-1).groups == 0
    assert retain_groups(60).groups == 1


def test_a_part_of_the_daily_work_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "unexpected_error", lambda _: None)
    done: list[float] = []

    def fail(_: float) -> GroupsRetained:
        raise RuntimeError

    monkeypatch.setattr(builds, "retain_groups", fail)
    monkeypatch.setattr(builds, "graph_audit", done.append)

    with pytest.raises(builds.PartFailed):
        builds.clean_up(60)
    assert done == [30]
