"""Reads of job groups: GET /depot/pkgs/schedule/{id} and .../{origin}/status (builds.md 6.2, 6.3)."""

import pytest

from chalicelib.builds.groups import reads
from chalicelib.core.builds.build_states import EntryState, GroupState
from tests.api.client import Depot
from tests.builders.graphs import a_graph_of
from tests.builders.group_rows import set_entries, set_group
from tests.builders.project_rows import a_stored_project
from tests.builders.recording_engine import RecordingEngine

HAB = {"User-Agent": "hab/1.6.1245/20240502 (x86_64-linux; 6.9.1)"}
MALFORMED = ["x", "-1", "+1", "1.0", "%20", "18446744073709551616", "1" * 25, "%D9%A1"]


def a_group(depot: Depot, root: str) -> str:
    reply = depot.post(f"/depot/pkgs/schedule/{root}", by="bobo", headers=HAB)
    assert reply.status == 201, reply
    group_id: str = reply.json()["id"]
    return group_id


@pytest.fixture
def group(depot: Depot, engine: RecordingEngine, origin: str) -> str:
    """A group of three projects."""
    names = [f"{origin}/{name}" for name in ("base", "middle", "top")]
    engine.graph = a_graph_of({names[0]: (), names[1]: [names[0]], names[2]: [names[1]]})
    for name in names:
        a_stored_project(name)
    return a_group(depot, names[0])


def test_everyone_may_see_a_group_without_its_projects(depot: Depot, group: str, origin: str) -> None:
    for by in (None, "wesker", "bobo"):
        reply = depot.get(f"/depot/pkgs/schedule/{group}", by=by)
        assert (reply.status, reply.headers["Cache-Control"]) == (200, "private, no-cache, no-store")
        assert reply.json()["projects"] == []
        assert (reply.json()["id"], reply.json()["project_name"]) == (group, f"{origin}/base")
        assert reply.json()["state"] == "Dispatching"


def test_its_projects_show_their_state_and_what_they_built(depot: Depot, group: str, origin: str) -> None:
    built = f"{origin}/base/1.0/20260101000000"
    set_entries(group, {f"{origin}/base": built, f"{origin}/middle": EntryState.RUNNING})

    projects = depot.get(f"/depot/pkgs/schedule/{group}?include_projects=true").json()["projects"]

    assert [(each["name"].partition("/")[2], each["state"], each["ident"]) for each in projects] == [
        ("base", "Success", built),
        ("middle", "InProgress", f"{origin}/middle/1/20240101000000"),
        ("top", "NotStarted", f"{origin}/top/1/20240101000000"),
    ]


def test_what_a_canceled_group_has_not_finished_is_shown_as_canceled(depot: Depot, group: str, origin: str) -> None:
    set_entries(group, {f"{origin}/base": EntryState.FAILED, f"{origin}/middle": EntryState.RUNNING})
    set_group(int(group), GroupState.CANCELED)

    projects = depot.get(f"/depot/pkgs/schedule/{group}?include_projects=true").json()["projects"]

    assert [each["state"] for each in projects] == ["Failure", "Canceled", "Canceled"]


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "on"])
def test_the_projects_are_asked_for_leniently(depot: Depot, group: str, value: str) -> None:
    assert depot.get(f"/depot/pkgs/schedule/{group}?include_projects={value}").json()["projects"]


def test_an_unreadable_query_is_400(depot: Depot, group: str) -> None:
    assert depot.get(f"/depot/pkgs/schedule/{group}?include_projects=yes").status == 400
    assert depot.get(f"/depot/pkgs/schedule/{group}?include_projects=false").json()["projects"] == []


@pytest.mark.parametrize("group_id", MALFORMED)
def test_an_id_that_is_not_a_number_of_64_bits_is_400(depot: Depot, group_id: str) -> None:
    for by in (None, "bobo"):
        reply = depot.get(f"/depot/pkgs/schedule/{group_id}?include_projects=yes", by=by)
        assert (reply.status, reply.body) == (400, b""), "the id is refused before the query"


@pytest.mark.parametrize("group_id", ["0", "123456", "18446744073709551615", "007"])
def test_a_group_that_does_not_exist_is_404(depot: Depot, group_id: str) -> None:
    reply = depot.get(f"/depot/pkgs/schedule/{group_id}")

    assert (reply.status, reply.body) == (404, b"")


def test_the_groups_of_an_origin_are_listed_newest_first(depot: Depot, engine: RecordingEngine, origin: str) -> None:
    ids = [a_group(depot, f"{origin}/tool{number:02d}") for number in range(12)]

    def listed(query: str) -> list[str]:
        reply = depot.get(f"/depot/pkgs/schedule/{origin}/status{query}")
        assert (reply.status, reply.headers["Cache-Control"]) == (200, "private, no-cache, no-store")
        return [group["id"] for group in reply.json()]

    newest = ids[::-1]
    assert listed("?limit=3") == newest[:3]
    assert listed("?limit=50") == newest
    assert listed("?limit=0") == []
    for query in ("", "?limit=", "?limit=x", "?limit=-1", "?limit=99999999999999999999"):
        assert listed(query) == newest[:10]
    reply = depot.get(f"/depot/pkgs/schedule/{origin}/status?limit=1").json()
    assert reply[0]["projects"] == []


def test_a_list_is_bounded(depot: Depot, engine: RecordingEngine, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        a_group(depot, f"{origin}/tool{number}")
    monkeypatch.setattr(reads, "MOST_LISTED", 2)

    assert len(depot.get(f"/depot/pkgs/schedule/{origin}/status?limit=1000").json()) == 2


def test_an_unknown_origin_has_no_groups(depot: Depot) -> None:
    reply = depot.get("/depot/pkgs/schedule/nowhere-at-all/status")

    assert (reply.status, reply.text) == (200, "[]")


def test_a_bad_token_is_401_even_where_none_is_needed(depot: Depot) -> None:
    assert depot.get("/depot/pkgs/schedule/x", by="nonsense").status == 401
    assert depot.get("/depot/pkgs/schedule/nowhere/status", by="nonsense").status == 401
