"""POST /jobs/group/{id}/rebuild (builds.md 4.4)."""

from typing import Any

import pytest

from chalicelib.builds.groups import beginning, filling, inheritance
from chalicelib.core.builds.build_states import EntryState, GroupState
from tests.api.builds.test_groups import MALFORMED, a_group
from tests.api.client import Depot, Reply
from tests.builders.group_rows import entries_of, group_row, set_entries, set_group
from tests.builders.recording_engine import RecordingEngine, connected
from tests.builders.releases import a_release, promoted


@pytest.fixture
def names(engine: RecordingEngine, origin: str) -> list[str]:
    needs = {"base": (), "left": ("base",), "right": ("base",), "top": ("left", "right")}
    return connected(engine, origin, needs)


@pytest.fixture
def group(depot: Depot, names: list[str], origin: str) -> str:
    """A group in which `left` failed. Its other packages are in the group's channel."""
    group = a_group(depot, names[0])
    built = {}
    for name in (names[0], names[2]):
        ident = a_release(depot, origin, name.partition("/")[2])
        promoted(depot, ident, f"bldr-{group}")
        built[name] = str(ident)
    set_entries(group, {**built, names[1]: EntryState.FAILED, names[3]: EntryState.SKIPPED})
    set_group(int(group), GroupState.COMPLETE)
    return group


def rebuild(depot: Depot, group: str, query: str = "", by: str | None = "lkennedy", **more: Any) -> Reply:
    return depot.post(f"/jobs/group/{group}/rebuild{query}", by=by, **more)


def new_group(reply: Reply) -> str:
    assert (reply.status, reply.body) == (204, b"")
    return reply.headers["X-Job-Group-Id"]


def test_what_was_not_built_is_built_by_a_new_group(
    depot: Depot, group: str, names: list[str], engine: RecordingEngine
) -> None:
    new = new_group(rebuild(depot, group))

    row = group_row(new)
    assert (row.root, row.group_state, row.is_ready) == (names[0], GroupState.DISPATCHING, True)
    assert list(entries_of(new)) == [names[1], names[3]]
    assert engine.started[int(new)] == [names[1]]
    assert int(row.rebuilds or 0) == int(group)


def test_the_new_channel_holds_what_the_old_group_has_built(depot: Depot, group: str, origin: str) -> None:
    new = new_group(rebuild(depot, group))

    listed = [depot.get(f"/depot/channels/{origin}/bldr-{each}/pkgs").json()["data"] for each in (group, new)]
    assert [row["name"] for row in listed[1]] == ["base", "right"]
    assert listed[0] == listed[1]


def test_packages_of_an_origin_that_was_deleted_are_not_inherited(
    depot: Depot, group: str, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = inheritance.origins_inherited_by
    monkeypatch.setattr(inheritance, "origins_inherited_by", lambda row: {*stored(row), "gone-origin"})

    new = new_group(rebuild(depot, group))

    assert group_row(new).is_ready
    assert depot.get(f"/depot/channels/{origin}/bldr-{new}/pkgs").json()["total_count"] == 2


def test_a_rebuild_of_a_rebuild_inherits_from_both(depot: Depot, group: str, names: list[str], origin: str) -> None:
    second = new_group(rebuild(depot, group))
    set_entries(second, {names[1]: EntryState.FAILED, names[3]: EntryState.SKIPPED})
    set_group(int(second), GroupState.COMPLETE)

    third = new_group(rebuild(depot, second))

    assert depot.get(f"/depot/channels/{origin}/bldr-{third}/pkgs").json()["total_count"] == 2


@pytest.mark.parametrize("form", ["repeated", "commas", "brackets", "body"])
def test_named_projects_are_built_with_their_dependents(depot: Depot, group: str, names: list[str], form: str) -> None:
    wanted = [f"{names[1]}/1.0/20260101000000", names[2]]
    query, body = {
        "repeated": ("?" + "&".join(f"idents={each}" for each in wanted), None),
        "commas": ("?idents=" + ",".join(wanted), None),
        "brackets": ("?" + "&".join(f"idents[]={each}" for each in wanted), None),
        "body": ("", {"idents": wanted}),
    }[form]

    new = new_group(rebuild(depot, group, query, json=body))

    assert list(entries_of(new)) == names[1:]


def test_projects_of_other_groups_are_ignored(depot: Depot, group: str, engine: RecordingEngine) -> None:
    reply = rebuild(depot, group, "?idents=core/glibc")

    assert (reply.status, "X-Job-Group-Id" in reply.headers) == (204, False)


@pytest.mark.parametrize("ident", ["x", "a/b/c/d/e", "/b", "a/"])
def test_malformed_idents_are_400(depot: Depot, group: str, ident: str) -> None:
    assert rebuild(depot, group, f"?idents={ident}").status == 400
    assert rebuild(depot, group, json={"idents": [ident]}).status == 400


def test_malformed_idents_are_refused_before_a_missing_group_and_a_stranger(depot: Depot, group: str) -> None:
    assert rebuild(depot, "123456", "?idents=x").status == 400
    assert rebuild(depot, group, "?idents=x", by=None).status == 400
    assert rebuild(depot, group, by=None, json={"idents": ["x"]}).status == 400
    assert rebuild(depot, "x", "?idents=x").body == b""


def test_a_body_that_is_not_json_is_400(depot: Depot, group: str) -> None:
    assert rebuild(depot, group, body=b"x", headers={"Content-Type": "application/json"}).status == 400


def test_nothing_to_build_makes_no_group(depot: Depot, group: str, names: list[str]) -> None:
    set_entries(group, {name: f"{name}/1/2" for name in (names[1], names[3])})

    reply = rebuild(depot, group)

    assert (reply.status, "X-Job-Group-Id" in reply.headers) == (204, False)


def test_a_group_that_has_not_ended_is_409(depot: Depot, names: list[str]) -> None:
    group = a_group(depot, names[0])

    reply = rebuild(depot, group)

    assert (reply.status, reply.text) == (409, f"The group {group} has not ended")


def test_a_canceled_group_whose_jobs_still_run_is_409(depot: Depot, names: list[str]) -> None:
    group = a_group(depot, names[0])
    set_entries(group, {names[0]: EntryState.RUNNING})
    set_group(int(group), GroupState.CANCELED)

    reply = rebuild(depot, group)

    assert (reply.status, "try again in a minute" in reply.text) == (409, True)


def test_a_repeat_returns_the_new_group_until_it_has_ended(depot: Depot, group: str, names: list[str]) -> None:
    first = new_group(rebuild(depot, group))

    assert new_group(rebuild(depot, group)) == first
    set_group(int(first), GroupState.COMPLETE)
    assert new_group(rebuild(depot, group)) != first


def test_a_repeat_starts_the_execution_of_a_group_that_was_not_filled(
    depot: Depot, group: str, engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as interrupted:
        interrupted.setattr(filling, "fill", lambda *_: False)
        new = new_group(rebuild(depot, group))
    engine.calls.clear()

    assert new_group(rebuild(depot, group)) == new
    assert engine.calls == [("start_group", int(new))]


def test_a_rebuild_waits_behind_a_group_of_the_root_but_not_behind_two(
    depot: Depot, group: str, names: list[str]
) -> None:
    a_group(depot, names[0])
    new = new_group(rebuild(depot, group))
    assert group_row(new).group_state is GroupState.QUEUED
    set_group(int(new), GroupState.FAILED)

    a_group(depot, names[0])
    a_group(depot, names[0])

    assert rebuild(depot, group).status == 409


def test_the_flags_of_the_old_group_apply(depot: Depot, names: list[str], engine: RecordingEngine) -> None:
    reply = depot.post(f"/depot/pkgs/schedule/{names[0]}?package_only=true", by="bobo", headers={"User-Agent": "hab/1"})
    group = reply.json()["id"]
    set_entries(group, {names[0]: EntryState.FAILED})
    set_group(int(group), GroupState.COMPLETE)

    assert list(entries_of(new_group(rebuild(depot, group)))) == names[:1]


def test_a_large_rebuild_is_filled_by_its_execution(
    depot: Depot, group: str, names: list[str], origin: str, engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginning, "COPIED_IN_THE_REQUEST", 1)
    monkeypatch.setattr(beginning, "config", type("Config", (), {"group_machine": "arn"}))

    new = new_group(rebuild(depot, group))
    assert entries_of(new) == {}
    filling.expand(int(new))

    assert list(entries_of(new)) == [names[1], names[3]]
    assert depot.get(f"/depot/channels/{origin}/bldr-{new}/pkgs").json()["total_count"] == 2


def test_who_may_rebuild(depot: Depot, group: str) -> None:
    assert [rebuild(depot, group, by=by).status for by in (None, "wesker", "mystique")] == [401, 403, 403]
    assert [rebuild(depot, "123456", by=by).status for by in (None, "bobo")] == [404, 404]


@pytest.mark.parametrize("group_id", MALFORMED)
def test_a_malformed_id_is_400(depot: Depot, group_id: str) -> None:
    assert rebuild(depot, group_id, by=None).status == 400
