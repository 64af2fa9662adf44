"""GET, PUT and DELETE of projects (builds.md 2.2 to 2.5)."""

from typing import Any

import pytest

from chalicelib.catalog import project_rows as rows
from chalicelib.catalog.audit_rows import AuditRow, origin_audit_partition
from chalicelib.core.target import Target
from chalicelib.platform.table import rows as rows_of
from tests.api.client import Depot
from tests.builders.members import a_member, refused_callers
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.projects import a_project, connect
from tests.builders.releases import a_release

LINUX, WINDOWS = "x86_64-linux", "x86_64-windows"


@pytest.fixture
def origin(depot: Depot) -> str:
    return an_origin(depot)


@pytest.mark.parametrize("path", ["", "/testapp"])
def test_members_of_every_role_can_read(depot: Depot, origin: str, path: str) -> None:
    a_project(depot, origin)
    a_member(depot, origin, "hank", "readonly_member")

    assert depot.get(f"/projects/{origin}{path}", by="hank").status == 200
    for name, user, status in refused_callers(depot, origin):
        reply = depot.get(f"/projects/{name}{path}", by=user)
        assert (reply.status, reply.body) == (status, b"")


def test_names_are_listed_in_the_order_of_creation_one_for_each_target(depot: Depot, origin: str) -> None:
    assert depot.get(f"/projects/{origin}", by="bobo").text == "[]"
    a_project(depot, origin, target=WINDOWS)
    a_project(depot, origin, plan_path="testapp3/plan.sh")
    a_project(depot, origin, target=LINUX)

    reply = depot.get(f"/projects/{origin}", by="bobo")

    assert (reply.status, reply.text) == (200, '["testapp","testapp3","testapp"]')


def test_a_change_keeps_the_place_and_a_new_creation_goes_last(depot: Depot, origin: str) -> None:
    a_project(depot, origin)
    a_project(depot, origin, plan_path="testapp3/plan.sh")
    assert depot.put(f"/projects/{origin}/testapp", by="bobo", json={"plan_path": "x"}).status == 204
    assert depot.get(f"/projects/{origin}", by="bobo").json() == ["testapp", "testapp3"]

    assert depot.delete(f"/projects/{origin}/testapp", by="bobo").status == 204
    a_project(depot, origin)

    assert depot.get(f"/projects/{origin}", by="bobo").json() == ["testapp3", "testapp"]


@pytest.mark.parametrize("target", [None, "amiga", "", LINUX])
def test_an_absent_or_unknown_target_is_linux(depot: Depot, origin: str, target: str | None) -> None:
    project = a_project(depot, origin)
    query = {} if target is None else {"target": target}

    assert depot.get(f"/projects/{origin}/testapp", by="bobo", query=query).json() == project


def test_the_user_agent_does_not_select_the_target(depot: Depot, origin: str) -> None:
    a_project(depot, origin, target=WINDOWS)
    agent = {"User-Agent": "hab/2.0.0/20240101000000 (x86_64-windows; 10.0)"}

    assert depot.get(f"/projects/{origin}/testapp", by="bobo", headers=agent).status == 404


@pytest.mark.parametrize(
    ("path", "query"), [("testapp", {"target": WINDOWS}), ("other", {}), ("testapp%2Fx86_64-linux", {}), ("%20", {})]
)
def test_a_project_that_does_not_exist_is_an_empty_404(
    depot: Depot, origin: str, path: str, query: dict[str, str]
) -> None:
    a_project(depot, origin)

    reply = depot.get(f"/projects/{origin}/{path}", by="bobo", query=query)

    assert (reply.status, reply.body) == (404, b"")


class TestChange:
    def test_everything_is_replaced_and_the_caller_becomes_the_owner(self, depot: Depot, origin: str) -> None:
        before = a_project(depot, origin, auto_build=True)
        a_member(depot, origin, "mystique", "maintainer")

        body = {"plan_path": "any/path", "installation_id": 99}
        reply = depot.put(f"/projects/{origin}/testapp", by="mystique", json=body)

        assert (reply.status, reply.body) == (204, b"")
        after = depot.get(f"/projects/{origin}/testapp", by="bobo").json()
        assert after.pop("updated_at") > before["updated_at"]
        assert after == {name: value for name, value in before.items() if name != "updated_at"} | {
            "owner_id": depot.get("/profile", by="mystique").json()["id"],
            "plan_path": "any/path",
            "vcs_installation_id": "99",
            "auto_build": False,
        }

    def test_the_target_of_the_body_selects_the_project(self, depot: Depot, origin: str) -> None:
        linux, windows = a_project(depot, origin), a_project(depot, origin, target=WINDOWS)

        path = f"/projects/{origin}/testapp"
        body = {"plan_path": "new", "target": WINDOWS}
        assert depot.put(path, by="bobo", json=body, query={"target": LINUX}).status == 204

        assert depot.get(path, by="bobo").json() == linux
        changed = depot.get(path, by="bobo", query={"target": WINDOWS}).json()
        assert (changed["id"], changed["plan_path"]) == (windows["id"], "new")

    def test_a_project_that_does_not_exist_is_an_empty_404(self, depot: Depot, origin: str) -> None:
        a_project(depot, origin)

        for name, target in (("testapp", WINDOWS), ("other", LINUX)):
            body = {"plan_path": "plan.sh", "target": target}
            reply = depot.put(f"/projects/{origin}/{name}", by="bobo", json=body)
            assert (reply.status, reply.body) == (404, b"")

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            ({}, "Missing required plan path."),
            ({"plan_path": "", "target": "amiga"}, "Missing required plan path."),
            ({"plan_path": "x", "target": "amiga"}, "Invalid package target 'amiga'"),
        ],
    )
    def test_invalid_fields_are_422_before_404(
        self, depot: Depot, origin: str, body: dict[str, Any], text: str
    ) -> None:
        reply = depot.put(f"/projects/{origin}/no-such", by="bobo", json=body)

        assert (reply.status, reply.text) == (422, text)

    def test_a_maintainer_is_needed_before_the_body_counts(self, depot: Depot, origin: str) -> None:
        for name, user, status in refused_callers(depot, origin, "member"):
            reply = depot.put(f"/projects/{name}/testapp", by=user, json={})
            assert (reply.status, reply.body) == (status, b"")

    def test_a_body_that_is_not_json_is_400_before_401(self, depot: Depot, origin: str) -> None:
        assert depot.put(f"/projects/{origin}/testapp", body=b"{}").status == 400
        assert depot.put(f"/projects/{origin}/testapp", json={"plan_path": 1}).status == 400


class TestDelete:
    def test_only_the_project_of_the_target_is_deleted(self, depot: Depot, origin: str) -> None:
        for target in (LINUX, WINDOWS):
            a_project(depot, origin, target=target)

        reply = depot.delete(f"/projects/{origin}/testapp", by="bobo", query={"target": WINDOWS})

        assert (reply.status, reply.body) == (204, b"")
        assert depot.get(f"/projects/{origin}", by="bobo").json() == ["testapp"]
        assert depot.get(f"/projects/{origin}/testapp", by="bobo", query={"target": WINDOWS}).status == 404

    @pytest.mark.parametrize("query", [{}, {"target": "amiga"}])
    def test_an_absent_or_unknown_target_is_linux(self, depot: Depot, origin: str, query: dict[str, str]) -> None:
        a_project(depot, origin)

        assert depot.delete(f"/projects/{origin}/testapp", by="bobo", query=query).status == 204
        assert depot.get(f"/projects/{origin}", by="bobo").json() == []

    def test_a_project_that_does_not_exist_is_204(self, depot: Depot, origin: str) -> None:
        a_project(depot, origin)

        for path in ("no-such", "testapp?target=aarch64-linux"):
            assert depot.delete(f"/projects/{origin}/{path}", by="bobo").status == 204
        assert depot.get(f"/projects/{origin}", by="bobo").json() == ["testapp"]

    def test_a_maintainer_is_needed(self, depot: Depot, origin: str) -> None:
        a_project(depot, origin)

        for name, user, status in refused_callers(depot, origin, "member"):
            reply = depot.delete(f"/projects/{name}/testapp", by=user)
            assert (reply.status, reply.body) == (status, b"")
        assert depot.get(f"/projects/{origin}", by="bobo").json() == ["testapp"]

    def test_packages_stay(self, depot: Depot, origin: str) -> None:
        a_project(depot, origin)
        ident = a_release(depot, origin, "testapp", "1.0")
        depot.delete(f"/projects/{origin}/testapp", by="bobo")

        assert depot.get(f"/depot/pkgs/{ident}").status == 200


class TestOrigin:
    def test_an_origin_with_projects_cannot_be_deleted(self, depot: Depot, origin: str) -> None:
        for target in (LINUX, WINDOWS):
            a_project(depot, origin, target=target)
        for remaining in (2, 1):
            reply = depot.delete(f"/depot/origins/{origin}", by="bobo")
            text = f"There are {remaining} projects remaining in origin {origin}. Must be zero."
            assert (reply.status, reply.text) == (409, text)
            for _ in range(2):
                target = (LINUX, WINDOWS)[remaining - 1]
                assert depot.delete(f"/projects/{origin}/testapp?target={target}", by="bobo").status == 204

        assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204

    def test_a_refused_creation_is_not_counted(self, depot: Depot, origin: str) -> None:
        a_project(depot, origin)
        assert connect(depot, origin).status == 409
        depot.delete(f"/projects/{origin}/testapp", by="bobo")

        assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204


class TestVisibility:
    @pytest.mark.parametrize("visibility", ["private", "public"])
    def test_the_settings_of_the_package_change_and_its_releases_do_not(
        self, depot: Depot, origin: str, visibility: str
    ) -> None:
        ident = a_release(depot, origin, a_name("tool"), "1.0")

        reply = depot.patch(f"/projects/{origin}/{ident.name}/{visibility}", by="bobo")

        assert (reply.status, reply.body) == (204, b"")
        assert depot.get(f"/settings/{origin}/{ident.name}", by="bobo").json()["visibility"] == visibility
        assert depot.get(f"/depot/pkgs/{ident}").json()["visibility"] == "public"

    @pytest.mark.parametrize(
        "visibility", ["hidden", "HIDDEN", "Public", "PRIVATE", "x", "%20public", "jobs", "integrations"]
    )
    def test_other_visibilities_are_an_empty_400_before_404(self, depot: Depot, origin: str, visibility: str) -> None:
        reply = depot.patch(f"/projects/{origin}/no-such/{visibility}", by="bobo")

        assert (reply.status, reply.body) == (400, b"")

    def test_a_name_without_settings_is_an_empty_404_even_with_a_project(self, depot: Depot, origin: str) -> None:
        a_project(depot, origin)

        reply = depot.patch(f"/projects/{origin}/testapp/private", by="bobo")

        assert (reply.status, reply.body) == (404, b"")

    def test_a_maintainer_is_needed_first(self, depot: Depot, origin: str) -> None:
        for name, user, status in refused_callers(depot, origin, "member"):
            reply = depot.patch(f"/projects/{name}/testapp/hidden", by=user)
            assert (reply.status, reply.body) == (status, b"")


def test_changes_of_projects_are_audited(depot: Depot, origin: str) -> None:
    a_project(depot, origin)
    depot.put(f"/projects/{origin}/testapp", by="bobo", json={"plan_path": "x"})
    for _ in range(2):
        depot.delete(f"/projects/{origin}/testapp", by="bobo")

    audit = [(row.operation, row.target) for row in rows_of(AuditRow, origin_audit_partition(origin))]
    assert audit[1:] == [
        (operation, "testapp/x86_64-linux") for operation in ("project_create", "project_change", "project_delete")
    ]


def test_rows_of_many_names_are_found_at_once(depot: Depot, origin: str) -> None:
    a_project(depot, origin)

    found = rows.projects_of([f"{origin}/testapp", f"{origin}/other"], Target.X86_64_LINUX)

    assert [(name, row.plan_path) for name, row in found.items()] == [(f"{origin}/testapp", "plan.sh")]
