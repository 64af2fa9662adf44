"""POST /depot/pkgs/schedule/{origin}/{pkg} (builds.md 6.1)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.builds import rows
from chalicelib.builds.groups import beginning, filling
from chalicelib.catalog.audit_rows import AuditRow, origin_audit_partition
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.core.target import Target
from chalicelib.platform import table
from tests.api.client import Depot, Reply
from tests.builders.graphs import a_graph_of
from tests.builders.group_rows import entries_of, group_row, open_entries, set_group
from tests.builders.hart import a_hart
from tests.builders.packages import upload
from tests.builders.project_rows import a_stored_project
from tests.builders.recording_engine import RecordingEngine

HAB = {"User-Agent": "hab/1.6.1245/20240502 (x86_64-linux; 6.9.1)"}
WEB = {"Referer": "https://bldr.example.com/#/pkgs"}


def schedule(depot: Depot, root: str, query: str = "", by: str | None = "lkennedy", **headers: str) -> Reply:
    return depot.post(f"/depot/pkgs/schedule/{root}{query}", by=by, headers=headers or HAB)


def audit(origin: str) -> list[tuple[str, str, str, str]]:
    found = table.rows(AuditRow, origin_audit_partition(origin))
    return [
        (row.operation, row.target, row.requester_name, row.trigger)
        for row in found
        if row.operation.startswith("job_group")
    ]


@pytest.fixture
def chain(engine: RecordingEngine, origin: str) -> list[str]:
    """Three names with projects, each of which needs the one before."""
    names = [f"{origin}/{name}" for name in ("base", "middle", "top")]
    engine.graph = a_graph_of(
        {names[0]: (), names[1]: [names[0]], names[2]: [names[1]]}, {names[0]: f"{names[0]}/1.0/20240101000000"}
    )
    for name in names:
        a_stored_project(name)
    return names


def test_a_new_group_is_queued_and_lists_its_projects_in_build_order(depot: Depot, chain: list[str]) -> None:
    reply = schedule(depot, chain[0])

    assert (reply.status, reply.headers["Cache-Control"]) == (201, "private, no-cache, no-store")
    shown = reply.json()
    assert list(shown) == ["id", "state", "projects", "created_at", "project_name", "target"]
    assert (shown["state"], shown["project_name"], shown["target"]) == ("Queued", chain[0], "x86_64-linux")
    assert len(shown["id"]) in (18, 19)
    assert datetime.fromisoformat(shown["created_at"]).tzinfo == UTC
    blank = {"state": "NotStarted", "job_id": "0", "target": "x86_64-linux"}
    first = {"name": chain[0], **blank, "ident": f"{chain[0]}/1.0/20240101000000"}
    assert shown["projects"] == [
        first,
        *({"name": name, **blank, "ident": f"{name}/1/20240101000000"} for name in chain[1:]),
    ]


def test_its_entries_wait_for_each_other_and_the_first_starts_at_once(
    depot: Depot, chain: list[str], engine: RecordingEngine
) -> None:
    group_id = int(schedule(depot, chain[0]).json()["id"])

    found = list(entries_of(group_id).values())
    assert [entry.name for entry in found] == chain
    assert [entry.waiting for entry in found] == [None, {"000000"}, {"000001"}]
    assert [entry.dependents for entry in found] == ["000001", "000002", ""]
    assert [int(entry.weight) for entry in found] == [2, 1, 0]
    assert {entry.entry_state for entry in found} == {EntryState.WAITING}
    assert sum(open_entries(group_id)) == 3
    row = group_row(group_id)
    assert (row.group_state, row.is_ready, int(row.projects)) == (GroupState.DISPATCHING, True, 3)
    assert engine.started == {group_id: [chain[0]]}
    assert engine.calls == [("start_ready", group_id), ("start_group", group_id)]


def test_the_flags_choose_the_projects(depot: Depot, chain: list[str], engine: RecordingEngine) -> None:
    def names(query: str) -> list[str]:
        reply = schedule(depot, chain[0], query)
        set_group(int(reply.json()["id"]), GroupState.COMPLETE)
        return [project["name"] for project in reply.json()["projects"]]

    assert names("?package_only=true") == names("?package_only=true&deps_only=true") == chain[:1]
    assert names("?deps_only=true") == chain[1:]
    assert names("?deps_only=TRUE&package_only=1&origin_only=yes") == chain


def test_a_request_that_builds_nothing_gets_a_group_that_is_not_stored(depot: Depot, chain: list[str]) -> None:
    reply = schedule(depot, chain[2], "?deps_only=true")

    assert reply.status == 201
    assert reply.json() == {
        "id": "0",
        "state": "Complete",
        "projects": [],
        "created_at": "",
        "project_name": "",
        "target": "x86_64-linux",
    }
    assert depot.get(f"/depot/pkgs/schedule/{chain[2].partition('/')[0]}/status").json() == []


def test_members_may_schedule_and_others_may_not(depot: Depot, chain: list[str]) -> None:
    assert [schedule(depot, chain[0], by=by).status for by in (None, "wesker", "mystique")] == [401, 403, 403]
    assert schedule(depot, chain[0], by="lkennedy").status == 201


@pytest.mark.parametrize("target", ["vax", "", "aarch64-darwin"])
def test_a_target_that_is_not_built_is_400_after_authorisation(depot: Depot, chain: list[str], target: str) -> None:
    reply = schedule(depot, chain[0], f"?target={target}")

    assert (reply.status, reply.body) == (400, b"")
    assert schedule(depot, chain[0], f"?target={target}", by=None).status == 401


def test_a_native_package_is_422_before_its_project_is_looked_for(
    depot: Depot, origin: str, engine: RecordingEngine
) -> None:
    assert upload(depot, a_hart(origin=origin, name="tool", package_type="native")).status == 201

    for headers in (HAB, {"User-Agent": "curl"}):
        reply = schedule(depot, f"{origin}/tool", **headers)
        assert (reply.status, reply.text) == (422, "Building 'native' package is not supported")


@pytest.mark.parametrize("headers", [HAB, WEB], ids=["hab", "web"])
def test_a_person_may_build_without_project_or_automatic_builds(
    depot: Depot, origin: str, engine: RecordingEngine, headers: dict[str, str]
) -> None:
    a_stored_project(f"{origin}/manual", auto_build=False)

    for name in ("manual", "unknown"):
        reply = schedule(depot, f"{origin}/{name}", **headers)
        assert (reply.status, [project["name"] for project in reply.json()["projects"]]) == (
            201,
            [f"{origin}/{name}"],
        )


def test_other_clients_need_a_project_with_automatic_builds(depot: Depot, origin: str, engine: RecordingEngine) -> None:
    a_stored_project(f"{origin}/manual", auto_build=False)
    a_stored_project(f"{origin}/automatic")

    def status(name: str) -> tuple[int, bytes]:
        reply = schedule(depot, f"{origin}/{name}", **{"User-Agent": "curl/8"})
        return reply.status, reply.body if reply.status >= 400 else b"..."

    assert status("unknown") == status("manual") == (404, b"")
    assert status("automatic") == (201, b"...")
    assert [len(entries) for entries in [depot.get(f"/depot/pkgs/schedule/{origin}/status").json()]] == [1]


def test_a_second_group_waits_and_a_third_request_joins_it(
    depot: Depot, chain: list[str], origin: str, engine: RecordingEngine
) -> None:
    first, second = (schedule(depot, chain[0]).json() for _ in range(2))

    third = schedule(depot, chain[0], "?package_only=true", by="bobo", **WEB).json()

    assert first["id"] != second["id"]
    assert third == second | {"projects": []}
    assert group_row(second["id"]).group_state is GroupState.QUEUED
    assert engine.started == {int(first["id"]): [chain[0]]}
    assert engine.calls[-1] == ("start_group", int(second["id"]))
    assert audit(origin) == [
        ("job_group_create", first["id"], "lkennedy", "hab_client"),
        ("job_group_create", second["id"], "lkennedy", "hab_client"),
        ("job_group_create", second["id"], "bobo", "builder_ui"),
    ]


def test_groups_of_another_target_do_not_wait(depot: Depot, chain: list[str]) -> None:
    a_stored_project(chain[0], target=Target.X86_64_WINDOWS)
    ids = [schedule(depot, chain[0], f"?target={target}").json()["id"] for target in ("x86_64-linux", "x86_64-windows")]

    assert {group_row(each).group_state for each in ids} == {GroupState.DISPATCHING}


def test_a_package_called_status_can_be_built(depot: Depot, origin: str, engine: RecordingEngine) -> None:
    assert schedule(depot, f"{origin}/status").json()["project_name"] == f"{origin}/status"


@pytest.mark.parametrize("name", ["a%2Fb", "%20", "x" * 1500])
def test_a_name_that_no_package_can_have_is_refused(
    depot: Depot, origin: str, engine: RecordingEngine, name: str
) -> None:
    assert schedule(depot, f"{origin}/{name}").status == 404


def star(origin: str, size: int) -> BuildGraph:
    root = f"{origin}/root"
    return a_graph_of({root: (), **{f"{origin}/leaf{number:04d}": [root] for number in range(size)}})


def test_a_group_too_large_for_one_transaction_is_complete_when_the_request_ends(
    depot: Depot, origin: str, engine: RecordingEngine
) -> None:
    engine.graph = star(origin, 210)
    for number in range(210):
        a_stored_project(f"{origin}/leaf{number:04d}")

    shown = schedule(depot, f"{origin}/root").json()

    assert len(shown["projects"]) == 211
    row, found = group_row(shown["id"]), entries_of(shown["id"])
    assert (row.is_ready, int(row.projects), row.group_state) == (True, 211, GroupState.DISPATCHING)
    assert list(found) == [project["name"] for project in shown["projects"]]
    assert sum(open_entries(shown["id"])) == 211
    assert len(open_entries(shown["id"])) == int(row.shards) == rows.PROGRESS_SHARDS
    assert engine.started == {int(shown["id"]): [f"{origin}/root"]}


def test_a_group_with_too_many_projects_is_422(depot: Depot, chain: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "GROUP_PROJECTS", 2)

    reply = schedule(depot, chain[0])

    assert (reply.status, reply.text) == (422, "The group would build 3 projects; 2 are possible at most")


def test_a_very_large_group_is_filled_by_its_execution(
    depot: Depot, chain: list[str], engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginning, "IN_THE_REQUEST", 2)
    monkeypatch.setattr(beginning, "config", type("Config", (), {"group_machine": "arn"}))

    shown = schedule(depot, chain[0]).json()

    assert [project["name"] for project in shown["projects"]] == chain[:1]
    assert engine.calls == [("start_group", int(shown["id"]))]
    status: Any = depot.get(f"/depot/pkgs/schedule/{shown['id']}?include_projects=true").json()
    assert (status["state"], status["projects"]) == ("Queued", [])
    filling.expand(int(shown["id"]))
    filling.expand(int(shown["id"]))
    assert list(entries_of(shown["id"])) == chain
    assert engine.started == {int(shown["id"]): [chain[0]]}
