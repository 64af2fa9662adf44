"""POST /projects in functional-test mode, in which GitHub is not asked (builds.md 1.6, 2.1)."""

import re
from typing import Any

import pytest

from chalicelib.catalog.project_rows import project_key
from chalicelib.core.target import Target
from chalicelib.platform.table import read
from tests.api.client import Depot
from tests.builders.members import a_member, refused_callers
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.projects import a_project, connect

FIELDS = [
    "id", "origin", "owner_id", "package_name", "name", "plan_path", "target", "vcs_type", "vcs_data",
    "vcs_installation_id", "auto_build", "created_at", "updated_at",
]  # fmt: skip
INCOMPLETE = "Missing required origin or plan path"


def test_a_new_project_is_returned_with_all_fields_in_order(depot: Depot) -> None:
    origin = an_origin(depot)

    reply = connect(depot, origin, auto_build=True)

    project = reply.json()
    assert (reply.status, reply.headers["Content-Type"], list(project)) == (201, "application/json", FIELDS)
    assert project | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "origin": origin,
        "owner_id": depot.get("/profile", by="bobo").json()["id"],
        "package_name": "testapp",
        "name": f"{origin}/testapp",
        "plan_path": "plan.sh",
        "target": "x86_64-linux",
        "vcs_type": "git",
        "vcs_data": "https://github.com/habitat-sh/testapp.git",
        "vcs_installation_id": "17",
        "auto_build": True,
        "created_at": "",
        "updated_at": "",
    }
    assert re.fullmatch(r"[1-9]\d{17,18}", project["id"])
    assert project["created_at"] == project["updated_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", project["created_at"])
    assert depot.get(f"/projects/{origin}/testapp", by="bobo").json() == project


def test_fields_have_defaults_and_unknown_fields_are_ignored(depot: Depot) -> None:
    reply = depot.post("/projects", by="bobo", json={"origin": an_origin(depot), "plan_path": "plan.sh", "x": [1]})

    assert reply.status == 201
    project = reply.json()
    assert (project["target"], project["vcs_installation_id"], project["auto_build"]) == ("x86_64-linux", "0", False)


@pytest.mark.parametrize(
    ("plan_path", "name"), [("plan.sh", "testapp"), ("testapp3/plan.sh", "testapp3"), ("windows/plan.ps1", "testapp")]
)
def test_test_mode_knows_three_plans_and_ignores_the_name(depot: Depot, plan_path: str, name: str) -> None:
    assert a_project(depot, an_origin(depot), plan_path=plan_path, name="other")["package_name"] == name


def test_other_plans_are_422_in_test_mode(depot: Depot) -> None:
    reply = connect(depot, an_origin(depot), plan_path="habitat/plan.sh")

    assert (reply.status, reply.text) == (422, "Unknown plan path in tests! 'habitat/plan.sh'")


@pytest.mark.parametrize("by", ["bobo", "wesker", None])
@pytest.mark.parametrize("missing", ["origin", "plan_path"])
@pytest.mark.parametrize("value", ["", None])
def test_a_body_without_origin_or_plan_path_is_422_before_authentication(
    depot: Depot, by: str | None, missing: str, value: str | None
) -> None:
    body = {"origin": a_name("origin"), "plan_path": "plan.sh"} | {missing: value}
    sent = {field: text for field, text in body.items() if text is not None}

    reply = depot.post("/projects", by=by, json=sent)

    assert (reply.status, reply.text) == (422, INCOMPLETE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": 1},
        {"plan_path": None, "target": 7},
        {"installation_id": "17"},
        {"installation_id": -1},
        {"repo_id": 2**32},
        {"repo_id": 1.5},
        {"auto_build": "true"},
        {"name": ["x"]},
    ],
)
def test_a_field_of_a_wrong_type_is_400_before_authentication(depot: Depot, wrong: dict[str, Any]) -> None:
    assert depot.post("/projects", json={"origin": "o", "plan_path": "plan.sh"} | wrong).status == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_a_body_that_is_not_json_is_400(depot: Depot, body: bytes) -> None:
    assert depot.post("/projects", by="bobo", body=body, headers={"Content-Type": "application/json"}).status == 400


def test_a_body_with_another_content_type_is_400(depot: Depot) -> None:
    assert depot.post("/projects", by="bobo", body=b"{}", headers={"Content-Type": "text/plain"}).status == 400


def test_only_maintainers_can_connect(depot: Depot) -> None:
    origin = an_origin(depot)

    for name, user, status in refused_callers(depot, origin, "member"):
        reply = connect(depot, name, user, target="amiga")
        assert (reply.status, reply.body) == (status, b"")
    assert depot.get(f"/projects/{origin}", by="bobo").json() == []
    a_member(depot, origin, "hank", "maintainer")
    assert connect(depot, origin, "hank").status == 201


def test_a_named_token_needs_the_scope_admin_and_the_origin(depot: Depot) -> None:
    origin, other = an_origin(depot), an_origin(depot)

    def token(*scopes: str, bound_to: str | None = None) -> str:
        body = {"name": a_name("ci"), "scopes": list(scopes)} | ({"origin": bound_to} if bound_to else {})
        return str(depot.post("/profile/tokens", by="bobo", json=body).json()["token"])

    assert connect(depot, origin, token("build")).status == 403
    assert connect(depot, origin, token("admin", bound_to=other)).status == 403
    assert connect(depot, origin, token("admin", bound_to=origin)).status == 201


@pytest.mark.parametrize("target", ["amiga", "", "X86_64-linux"])
def test_an_unknown_target_is_422(depot: Depot, target: str) -> None:
    reply = connect(depot, an_origin(depot), target=target, plan_path="no-such-plan")

    assert (reply.status, reply.text) == (422, f"Invalid package target '{target}'")


def test_a_name_can_be_connected_once_for_each_target(depot: Depot) -> None:
    origin = an_origin(depot)
    first = a_project(depot, origin)

    again = connect(depot, origin, auto_build=True, installation_id=18)

    assert (again.status, again.body) == (409, b"")
    assert depot.get(f"/projects/{origin}/testapp", by="bobo").json() == first
    assert connect(depot, origin, target="x86_64-windows", plan_path="windows/plan.ps1").status == 201
    assert connect(depot, origin, plan_path="testapp3/plan.sh").status == 201


@pytest.mark.parametrize("path", ["x" * 1_001, "plan\u202e.sh", "a\n"])
def test_a_path_that_cannot_be_stored_or_shown_is_422(depot: Depot, path: str) -> None:
    reply = connect(depot, an_origin(depot), plan_path=path)

    assert (reply.status, reply.text[:13]) == (422, "The plan path")


def test_the_repository_is_stored_for_the_credentials_of_its_clone(depot: Depot) -> None:
    origin = an_origin(depot)
    a_project(depot, origin)

    row = read(project_key(origin, "testapp", Target.X86_64_LINUX))

    assert row is not None
    assert int(row.repository_id) == 42
