"""Builds of packages whose latest release was deleted, before or after the group was made (builds.md 7.3, 8.4)."""

from typing import Any

import pytest

from chalicelib.builds.engine import ending, starting
from tests.api.client import Depot
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, delete
from tests.builders.projects import a_project

HAB = {"User-Agent": "hab/1.6.0/20240101"}


@pytest.fixture
def origin(depot: Depot) -> str:
    """An origin with projects for `testapp`, and for `testapp3`, which needs it."""
    origin = an_origin(depot)
    a_project(depot, origin)
    a_project(depot, origin, plan_path="testapp3/plan.sh", auto_build=True)
    return origin


def a_group(depot: Depot, origin: str, **query: str) -> str:
    reply = depot.post(f"/depot/pkgs/schedule/{origin}/testapp", by="bobo", query=query, headers=HAB)
    assert reply.status == 201, reply
    group_id: str = reply.json()["id"]
    return group_id


def projects(depot: Depot, group_id: str) -> dict[str, dict[str, Any]]:
    reply = depot.get(f"/depot/pkgs/schedule/{group_id}", query={"include_projects": "true"})
    return {project["name"].partition("/")[2]: project for project in reply.json()["projects"]}


def test_a_root_whose_only_release_was_deleted_is_built(depot: Depot, origin: str) -> None:
    hart = a_package(depot, origin, name="testapp")
    delete(depot, hart)

    root = projects(depot, a_group(depot, origin))["testapp"]

    assert (root["state"], root["ident"]) == ("InProgress", hart.path)


def test_a_dependent_whose_only_release_was_deleted_is_part_of_later_groups_and_built(
    depot: Depot, origin: str
) -> None:
    needed = a_package(depot, origin, name="testapp")
    delete(depot, a_package(depot, origin, name="testapp3", deps=[needed.path], tdeps=[needed.path]))

    group = a_group(depot, origin, deps_only="true")

    assert {name: project["state"] for name, project in projects(depot, group).items()} == {"testapp3": "InProgress"}


def test_a_release_for_another_target_does_not_count(depot: Depot, origin: str) -> None:
    delete(depot, a_package(depot, origin, name="testapp"))
    a_package(depot, origin, name="testapp", target="x86_64-windows")

    assert projects(depot, a_group(depot, origin))["testapp"]["state"] == "InProgress"


def test_a_release_that_is_deleted_while_its_group_is_queued_is_not_found(depot: Depot, origin: str) -> None:
    hart = a_package(depot, origin, name="testapp")
    active, queued = (a_group(depot, origin) for _ in range(2))
    assert active != queued
    delete(depot, hart)

    assert depot.post(f"/jobs/group/{active}/cancel", by="bobo").status == 204
    ending.finish(int(active))
    starting.activate(int(queued))

    assert projects(depot, queued)["testapp"]["state"] == "NotFound"
