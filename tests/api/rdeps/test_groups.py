"""GET /rdeps/{origin}/{pkg}/group (builds.md 7.2)."""

from typing import Any

from tests.api.client import Depot
from tests.api.rdeps.conftest import Needing
from tests.builders.members import a_member
from tests.builders.origins import an_origin
from tests.builders.packages import delete


def groups(depot: Depot, origin: str, name: str, by: str | None = None, **query: str) -> Any:
    """The groups of a name."""
    reply = depot.get(f"/rdeps/{origin}/{name}/group", by=by, query=query)
    assert reply.status == 200, reply
    return reply.json()["rdeps"]


def test_a_group_ends_where_a_name_needs_one_of_its_names_to_run(depot: Depot, origin: str, needing: Needing) -> None:
    needing("root")
    needing("d", "root", build=("c",))
    needing("c", "root")
    needing("b", "a")
    needing("a", "root")

    reply = depot.get(f"/rdeps/{origin}/root/group")

    assert reply.status == 200
    assert reply.json() == {
        "origin": origin,
        "name": "root",
        "rdeps": [
            {"group": 0, "idents": [f"{origin}/a"]},
            {"group": 1, "idents": [f"{origin}/b", f"{origin}/c", f"{origin}/d"]},
        ],
    }


def test_a_name_without_dependents_has_no_groups(depot: Depot, origin: str) -> None:
    assert groups(depot, origin, "no-such") == []


def test_deleted_dependents_stay(depot: Depot, origin: str, needing: Needing) -> None:
    delete(depot, needing("app", "lib"))

    assert groups(depot, origin, "lib") == [{"group": 0, "idents": [f"{origin}/app"]}]


def test_groups_that_the_caller_does_not_see_stay_empty(depot: Depot, origin: str, needing: Needing) -> None:
    private = an_origin(depot, visibility="private")
    needing("secret", "lib", within=private)
    needing("zoo", f"{private}/secret", within=origin)
    a_member(depot, private, "mystique", "readonly_member")

    visible = [{"group": 0, "idents": [f"{private}/secret"]}, {"group": 1, "idents": [f"{origin}/zoo"]}]

    assert groups(depot, origin, "lib") == [{"group": 0, "idents": []}, {"group": 1, "idents": [f"{origin}/zoo"]}]
    assert groups(depot, origin, "lib", by="mystique") == visible


def test_the_target_is_that_of_the_query_else_of_the_client(depot: Depot, origin: str, needing: Needing) -> None:
    needing("app", "lib", target="x86_64-windows")
    client = {"user-agent": "hab/1.6.0/20240101000000 (x86_64-windows; 10.0.19041)"}

    found = [{"group": 0, "idents": [f"{origin}/app"]}]

    assert groups(depot, origin, "lib") == []
    assert groups(depot, origin, "lib", target="x86_64-windows") == found
    assert depot.get(f"/rdeps/{origin}/lib/group", headers=client).json()["rdeps"] == found


def test_an_invalid_target_is_400_and_one_without_a_graph_404(depot: Depot, origin: str) -> None:
    invalid = depot.get(f"/rdeps/{origin}/lib/group", query={"target": "amiga"})
    missing = depot.get(f"/rdeps/{origin}/lib/group", query={"target": "aarch64-linux"})

    assert (invalid.status, invalid.body, missing.status, missing.body) == (400, b"", 404, b"")
