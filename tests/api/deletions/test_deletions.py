"""POST /deletions/{origin}/{pkg}/{version}/{release}: deletion with a plan (docs/ORIGINS.md)."""

from typing import Any

import pytest

from chalicelib.catalog.audit_rows import AuditRow, origin_audit_partition
from chalicelib.packages import dependents
from chalicelib.platform import table
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart
from tests.builders.members import a_member, refused_callers
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, delete, promote, set_visibility

LINUX, WINDOWS = "x86_64-linux", "x86_64-windows"


@pytest.fixture
def origin(depot: Depot) -> str:
    """A new origin of bobo."""
    return an_origin(depot)


@pytest.fixture
def library(depot: Depot, origin: str) -> Hart:
    """A package of bobo."""
    return a_package(depot, origin, name=a_name("lib"))


@pytest.fixture
def secret(depot: Depot, library: Hart) -> Hart:
    """A private package of wesker that needs the library."""
    strangers = an_origin(depot, owner="wesker", visibility="private")
    return a_package(depot, strangers, by="wesker", name=a_name("secret"), tdeps=[library.path])


def request(depot: Depot, hart: Hart, by: str | None = "bobo", **body: Any) -> Reply:
    return depot.post(f"/deletions/{hart.path}", by=by, json={"target": hart.target} | body)


def audited(origin: str) -> list[AuditRow]:
    """The audit rows of deletions despite dependents."""
    rows = table.rows(AuditRow, origin_audit_partition(origin))
    return [row for row in rows if row.operation == "package_delete_despite_dependents"]


def test_a_needed_package_stays_and_the_plan_shows_what_needs_it(
    depot: Depot, origin: str, library: Hart, secret: Hart
) -> None:
    a_package(depot, origin, name="own", tdeps=[library.path])

    refused, dry = request(depot, library), request(depot, library, dry_run=True)

    assert refused.json() == {
        "ident": library.ident.as_json(),
        "target": LINUX,
        "possible": False,
        "deleted": False,
        "dependents": [f"{origin}/own"],
        "unseen_dependents": 1,
        "all_dependents": True,
    }
    assert (refused.status, dry.status, dry.json()) == (422, 200, refused.json())
    assert secret.ident.origin not in refused.text
    assert depot.get(library.url).status == 200


def test_a_dependent_is_named_if_one_of_the_releases_that_need_the_package_is_visible(
    depot: Depot, library: Hart, secret: Hart
) -> None:
    name, private_origin = secret.ident.name, secret.ident.origin
    later = a_package(depot, private_origin, by="wesker", name=name, version="0.1")
    set_visibility(depot, later, "public", by="wesker")
    unrelated = request(depot, library, dry_run=True).json()
    set_visibility(depot, secret, "public", by="wesker")
    visible = request(depot, library, dry_run=True).json()

    assert (unrelated["dependents"], unrelated["unseen_dependents"]) == ([], 1)
    assert (visible["dependents"], visible["unseen_dependents"]) == ([f"{private_origin}/{name}"], 0)


def test_despite_dependents_the_package_is_deleted_and_the_audit_says_so(
    depot: Depot, origin: str, library: Hart, secret: Hart
) -> None:
    a_member(depot, origin, "mystique", "administrator")
    assert depot.delete(library.url, by="bobo").status == 422

    reply = request(depot, library, by="mystique", despite_dependents=True)

    assert (reply.status, reply.json()["possible"], reply.json()["deleted"]) == (200, True, True)
    assert depot.get(library.url, by="bobo").status == 404
    (row,) = audited(origin)
    assert (row.requester_name, row.target) == ("mystique", f"{library.path} {LINUX} dependents: 1")
    assert request(depot, library, despite_dependents=True).status == 404
    assert len(audited(origin)) == 1


def test_a_package_that_nothing_needs_is_deleted_without_an_audit_row(depot: Depot, origin: str, library: Hart) -> None:
    reply = request(depot, library)

    assert (reply.status, reply.json()["deleted"], reply.json()["dependents"]) == (200, True, [])
    assert depot.get(library.url).status == 404
    assert audited(origin) == []


def test_a_package_in_stable_is_never_deleted(depot: Depot, library: Hart) -> None:
    promote(depot, library, "stable")

    bodies: list[dict[str, Any]] = [{}, {"dry_run": True}, {"despite_dependents": True}]
    for body in bodies:
        reply = request(depot, library, **body)
        expected = f"Deleting package in stable channel not allowed '{library.path}'"
        assert (reply.status, reply.text) == (422, expected)


def test_only_the_package_for_the_target_is_deleted(depot: Depot, origin: str, library: Hart, secret: Hart) -> None:
    windows = a_package(depot, origin, name=library.ident.name, target=WINDOWS)

    assert request(depot, windows, dry_run=True).json()["unseen_dependents"] == 0
    assert request(depot, library, despite_dependents=True).status == 200
    assert depot.get(library.url).json()["target"] == WINDOWS


def test_the_plan_ends_at_a_number_of_dependents(
    depot: Depot, origin: str, library: Hart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependents, "COUNTED", 2)
    needy = [a_package(depot, origin, name=f"needy-{number}", tdeps=[library.path]) for number in range(3)]

    plan = request(depot, library, dry_run=True).json()
    assert (plan["dependents"], plan["all_dependents"]) == ([f"{origin}/needy-0", f"{origin}/needy-1"], False)
    delete(depot, needy[2])
    assert request(depot, library, dry_run=True).json()["all_dependents"] is True


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"target": "mips-linux"}, 422),
        ({"target": LINUX, "despite_dependants": True}, 400),
        ({"target": LINUX, "dry_run": "yes"}, 400),
    ],
)
def test_an_invalid_request_is_refused(depot: Depot, library: Hart, body: dict[str, Any], status: int) -> None:
    assert depot.post(f"/deletions/{library.path}", by="bobo", json=body).status == status
    assert depot.get(library.url).status == 200


def test_only_administrators_may_delete_in_this_way(depot: Depot, origin: str, library: Hart) -> None:
    for name, user, status in refused_callers(depot, origin, "maintainer"):
        path = f"/deletions/{name}/{library.path.partition('/')[2]}"
        reply = depot.post(path, by=user, json={"target": LINUX, "despite_dependents": True})
        assert (reply.status, reply.body) == (status, b"")
    assert depot.get(library.url).status == 200
