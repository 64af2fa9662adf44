"""Job groups whose entries retention has moved to the object store (builds.md 18)."""

import pytest

from chalicelib.builds import rows
from chalicelib.builds.groups import archive, reads
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.packages import artifacts
from chalicelib.platform.table import delete_many
from chalicelib.scheduled import group_retention
from tests.api.builds.test_groups import a_group
from tests.api.client import Depot
from tests.builders.group_rows import entries_of, group_row, set_entries, set_group
from tests.builders.recording_engine import RecordingEngine, connected
from tests.builders.releases import a_release
from tests.builders.rows import partition_rows


@pytest.fixture
def names(engine: RecordingEngine, origin: str) -> list[str]:
    return connected(engine, origin, {"base": (), "left": ("base",), "top": ("left",)})


@pytest.fixture
def group(depot: Depot, names: list[str], origin: str) -> str:
    """An ended group that has built `base` and failed to build `left`."""
    group = a_group(depot, names[0])
    ident = str(a_release(depot, origin, "base"))
    set_entries(group, {names[0]: ident, names[1]: EntryState.FAILED, names[2]: EntryState.SKIPPED})
    set_group(int(group), GroupState.COMPLETE)
    return group


def move(group: str) -> None:
    """Move the entries of a group to the object store, as retention does it."""
    group_retention._move_entries(group_row(group))
    assert not [sk for sk in partition_rows(rows.group_partition(int(group))) if sk.startswith(rows.ENTRY_PREFIX)]


@pytest.mark.parametrize("path", ["/depot/pkgs/schedule/{}?include_projects=true", "/builds/groups/{}"])
def test_the_projects_of_an_old_group_are_still_shown(depot: Depot, group: str, path: str) -> None:
    before = depot.get(path.format(group), by="lkennedy")
    move(group)

    after = depot.get(path.format(group), by="lkennedy")
    assert (after.status, after.json()) == (200, before.json())


def test_an_old_group_can_be_rebuilt(depot: Depot, group: str, names: list[str]) -> None:
    move(group)

    reply = depot.post(f"/jobs/group/{group}/rebuild", by="lkennedy")

    assert reply.status == 204
    assert list(entries_of(reply.headers["X-Job-Group-Id"])) == names[1:]


def test_what_an_old_group_has_built_can_be_promoted(depot: Depot, group: str, origin: str) -> None:
    move(group)

    assert depot.post(f"/jobs/group/{group}/promote/dev", by="hank", json={}).status == 204
    assert depot.get(f"/depot/channels/{origin}/dev/pkgs").json()["total_count"] == 1


def test_a_group_without_rows_and_object_has_no_projects(depot: Depot, group: str) -> None:
    move(group)
    artifacts.remove(archive.archive_key(int(group)))

    shown = depot.get(f"/depot/pkgs/schedule/{group}?include_projects=true")
    assert (shown.status, shown.json()["projects"]) == (200, [])


def test_a_group_that_has_not_ended_is_not_looked_for_in_the_store(
    depot: Depot, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    group = a_group(depot, names[0])
    delete_many([rows.entry_key(int(group), rows.order_text(position)) for position in range(len(names))])
    monkeypatch.setattr(archive, "entries_of", None)

    assert reads.entries(group_row(group)) == []
