"""GET /rdeps/{origin}/{pkg} (builds.md 7.1)."""

from typing import Any

import pytest

from chalicelib.catalog import origin_rows, package_rows
from chalicelib.catalog.package_rows import DependentRow
from chalicelib.core.target import Target
from chalicelib.platform.change import Change
from chalicelib.platform.table import put_many
from tests.api.client import Depot
from tests.api.rdeps.conftest import STAMP, Needing
from tests.builders.members import a_member
from tests.builders.origins import an_origin
from tests.builders.packages import delete, set_visibility
from tests.perf.calls import counted_calls

LINUX, WINDOWS, KERNEL2 = "x86_64-linux", "x86_64-windows", "x86_64-linux-kernel2"
WINDOWS_CLIENT = {"user-agent": "hab/1.6.0/20240101000000 (x86_64-windows; 10.0.19041)"}
BOTH = pytest.mark.parametrize("source", ["rows", "graph"])


@pytest.fixture(autouse=True)
def _source(request: pytest.FixtureRequest) -> None:
    """With the parameter `source`, each test reads both sources."""
    if "source" in request.fixturenames and request.getfixturevalue("source") == "graph":
        request.getfixturevalue("from_graph")


def rdeps(depot: Depot, origin: str, name: str, by: str | None = None, **query: str) -> Any:
    """The list of a name."""
    reply = depot.get(f"/rdeps/{origin}/{name}", by=by, query=query)
    assert reply.status == 200, reply
    return reply.json()["rdeps"]


@BOTH
def test_the_answer_names_all_dependents_ascending(depot: Depot, origin: str, needing: Needing, source: str) -> None:
    needing("lib")
    needing("zoo", "lib")
    needing("app", "zoo", tdeps=[f"{origin}/zoo/{STAMP}", f"{origin}/lib/{STAMP}"])
    needing("Upper", "lib", version="2.0")
    needing("alone")

    reply = depot.get(f"/rdeps/{origin}/lib")

    assert reply.status == 200
    assert reply.json() == {
        "origin": origin,
        "name": "lib",
        "rdeps": [f"{origin}/Upper", f"{origin}/app", f"{origin}/zoo"],
    }
    assert "cache-control" not in reply.headers


@BOTH
def test_a_dependent_of_a_release_that_was_never_uploaded_is_listed(
    depot: Depot, origin: str, needing: Needing, source: str
) -> None:
    needing("app", "lost")

    assert rdeps(depot, origin, "lost") == [f"{origin}/app"]


@BOTH
def test_a_name_without_dependents_has_an_empty_list(depot: Depot, origin: str, source: str) -> None:
    assert rdeps(depot, origin, "no-such") == []


@BOTH
def test_only_releases_of_the_target_count(depot: Depot, origin: str, needing: Needing, source: str) -> None:
    needing("app", "lib", target=WINDOWS)

    assert rdeps(depot, origin, "lib", target=WINDOWS) == [f"{origin}/app"]
    assert rdeps(depot, origin, "lib", target=LINUX) == []
    assert rdeps(depot, origin, "lib") == []


def test_rows_ignore_the_target_of_the_client_and_an_invalid_target_has_an_empty_list(
    depot: Depot, origin: str, needing: Needing
) -> None:
    needing("app", "lib")

    from_windows = depot.get(f"/rdeps/{origin}/lib", headers=WINDOWS_CLIENT)

    assert from_windows.json()["rdeps"] == [f"{origin}/app"]
    assert rdeps(depot, origin, "lib", target="amiga") == []
    assert rdeps(depot, origin, "lib", target="") == []


def test_the_graph_takes_the_target_of_the_client_and_an_invalid_target_is_400(
    depot: Depot, origin: str, needing: Needing, from_graph: None
) -> None:
    needing("app", "lib", target=WINDOWS)

    assert depot.get(f"/rdeps/{origin}/lib", headers=WINDOWS_CLIENT).json()["rdeps"] == [f"{origin}/app"]
    refused = depot.get(f"/rdeps/{origin}/lib", query={"target": "amiga"})
    assert (refused.status, refused.body) == (400, b"")


def test_a_target_without_a_graph_is_404(depot: Depot, origin: str, from_graph: None) -> None:
    missing = depot.get(f"/rdeps/{origin}/lib", query={"target": "aarch64-linux"})

    assert (missing.status, missing.body) == (404, b"")


def test_rows_forget_a_dependent_whose_releases_were_deleted(depot: Depot, origin: str, needing: Needing) -> None:
    hart = needing("app", "lib")
    delete(depot, hart)

    assert rdeps(depot, origin, "lib") == []


def test_the_graph_keeps_a_dependent_whose_releases_were_deleted(
    depot: Depot, origin: str, needing: Needing, from_graph: None
) -> None:
    hart = needing("app", "lib")
    delete(depot, hart)

    assert rdeps(depot, origin, "lib") == [f"{origin}/app"]


def test_rows_list_a_name_that_only_an_old_release_makes_a_dependent(
    depot: Depot, origin: str, needing: Needing
) -> None:
    needing("app", "lib", version="1.0")
    needing("app", version="2.0")

    assert rdeps(depot, origin, "lib") == [f"{origin}/app"]


def test_the_graph_holds_the_needs_of_the_latest_release_only(
    depot: Depot, origin: str, needing: Needing, from_graph: None
) -> None:
    needing("app", "lib", version="2.0")
    needing("app", "old", version="1.0")

    assert rdeps(depot, origin, "lib") == [f"{origin}/app"]
    assert rdeps(depot, origin, "old") == []

    needing("app", "new", version="10.0")

    assert rdeps(depot, origin, "lib") == []
    assert rdeps(depot, origin, "new") == [f"{origin}/app"]


def test_rows_ignore_needs_to_build(depot: Depot, origin: str, needing: Needing) -> None:
    needing("app", build=("make",))

    assert rdeps(depot, origin, "make") == []


def test_the_graph_holds_needs_to_build(depot: Depot, origin: str, needing: Needing, from_graph: None) -> None:
    needing("app", build=("make",))
    needing("suite", "app", tdeps=[])

    assert rdeps(depot, origin, "make") == [f"{origin}/app", f"{origin}/suite"]


def test_a_hint_that_an_interruption_left_is_not_a_dependent(depot: Depot, origin: str, needing: Needing) -> None:
    needing("app")
    key = package_rows.dependent_key((origin, "lib"), Target(LINUX), origin, "app")
    put_many([DependentRow(key.pk, key.sk)])

    assert rdeps(depot, origin, "lib") == []


@BOTH
def test_the_visibility_of_the_package_does_not_matter(
    depot: Depot, origin: str, needing: Needing, source: str
) -> None:
    set_visibility(depot, needing("app", "lib"), "private")

    assert rdeps(depot, origin, "lib") == [f"{origin}/app"]


@BOTH
def test_origins_that_are_private_by_default_are_listed_for_members_only(
    depot: Depot, origin: str, needing: Needing, source: str
) -> None:
    private = an_origin(depot, visibility="private")
    set_visibility(depot, needing("secret", "lib", within=private), "public")
    needing("app", "lib")
    a_member(depot, private, "mystique", "readonly_member")
    a_member(depot, private, "hank", "member")

    for_everyone, for_members = [f"{origin}/app"], sorted([f"{origin}/app", f"{private}/secret"])

    assert rdeps(depot, origin, "lib") == for_everyone
    assert rdeps(depot, origin, "lib", by="wesker") == for_everyone
    assert rdeps(depot, origin, "lib", by="mystique") == for_everyone
    assert rdeps(depot, origin, "lib", by="hank") == for_members
    assert rdeps(depot, origin, "lib", by="bobo") == for_members


@BOTH
def test_a_dependent_whose_origin_is_gone_is_404(depot: Depot, origin: str, needing: Needing, source: str) -> None:
    other = an_origin(depot)
    needing("app", "lib", within=other)
    with Change() as change:
        change.delete(origin_rows.origin_key(other))

    missing = depot.get(f"/rdeps/{origin}/lib")

    assert (missing.status, missing.body) == (404, b"")


@BOTH
def test_a_bad_token_is_401(depot: Depot, origin: str, source: str) -> None:
    reply = depot.get(f"/rdeps/{origin}/lib", headers={"authorization": "Bearer no-token"})

    assert reply.status == 401


def test_the_deletion_of_a_package_asks_the_rows_whatever_the_source(
    depot: Depot, origin: str, needing: Needing, from_graph: None
) -> None:
    lib = needing("lib")
    delete(depot, needing("app", "lib"))

    assert depot.delete(lib.url, by="bobo", query={"target": LINUX}).status == 204


def test_a_name_with_many_dependents_takes_few_calls(depot: Depot, origin: str, needing: Needing) -> None:
    for number in range(30):
        needing(f"app-{number:02d}", "lib")
    rdeps(depot, origin, "lib")

    with counted_calls() as calls:
        found = rdeps(depot, origin, "lib")

    assert len(found) == 30
    assert calls.total() <= 5, calls
