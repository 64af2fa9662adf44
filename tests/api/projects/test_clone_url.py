"""Projects whose repositories are not at GitHub, an addition (docs/ORIGINS.md)."""

from typing import Any

import pytest

from chalicelib.projects import sources
from tests.api.client import Depot, Reply
from tests.builders.origins import an_origin
from tests.builders.projects import connect
from tests.builders.settings import change_settings


@pytest.fixture
def origin(depot: Depot) -> str:
    return an_origin(depot)


def create(depot: Depot, origin: str, url: object, **fields: object) -> Reply:
    sent: dict[str, Any] = {"name": "widget", "plan_path": "habitat/plan.sh", **fields}
    return connect(depot, origin, clone_url=url, **sent)


@pytest.mark.parametrize(
    "url",
    ["https://git.example.com/acme/plans.git", "file:///srv/git/plans", "https://git.example.com/~sam/a%20b.git"],
)
def test_a_repository_at_an_allowed_server_is_connected_without_github(
    depot: Depot, origin: str, git_source: str, url: str
) -> None:
    reply = create(depot, origin, url, auto_build=True)

    assert reply.status == 201
    project = reply.json()
    assert (project["package_name"], project["vcs_data"], project["auto_build"]) == ("widget", url, True)
    assert project["plan_path"] == "habitat/plan.sh"


def test_the_installation_is_not_stored_so_that_its_token_is_never_sent_to_another_server(
    depot: Depot, origin: str, git_source: str
) -> None:
    assert create(depot, origin, git_source + "x.git").json()["vcs_installation_id"] == ""


@pytest.mark.parametrize(
    "url",
    ["", "https://git.example.com", "https://git.example.com.evil.org/x", "http://git.example.com/x", "/srv/git/x",
     "HTTPS://git.example.com/x", "ssh://git.example.com/x", "file:///srv/gitx", " https://git.example.com/x"],
)  # fmt: skip
def test_a_url_at_another_server_is_422(depot: Depot, origin: str, git_source: str, url: str) -> None:
    reply = create(depot, origin, url)

    assert (reply.status, reply.text) == (
        422,
        "The clone URL must begin with https://git.example.com/ or file:///srv/git/",
    )


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "a/..", "a/%2e%2E/x", "a/..%2Fx", "a\\..\\x", "a b", "a\nb", "a\x00", "a%0ab", "a%00", "é",
     "a?b=c", "a#b", "%ff", "x" * 1_000],
)  # fmt: skip
def test_a_url_that_could_lead_elsewhere_is_422(depot: Depot, origin: str, git_source: str, path: str) -> None:
    reply = create(depot, origin, git_source + path)

    assert (reply.status, reply.text[:36]) == (422, "The clone URL must have 1000 charact")


@pytest.mark.parametrize("url", ["https://user:secret@git.example.com/x", "https://@git.example.com/x"])
def test_credentials_in_a_url_are_422(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    change_settings(monkeypatch, (sources,), git_sources=("https://",))

    reply = create(depot, origin, url)

    assert (reply.status, "no credentials" in reply.text, "secret" in reply.text) == (422, True, False)


@pytest.mark.parametrize("name", ["", "a b", "../x", "é"])
def test_the_name_must_be_a_package_name(depot: Depot, origin: str, git_source: str, name: str) -> None:
    reply = create(depot, origin, git_source + "x.git", name=name)

    assert (reply.status, reply.text) == (422, f"Package name '{name}' is not valid")


@pytest.mark.parametrize("path", ["../plan.sh", "/plan.sh", "a//plan.sh", "./plan.sh", "a/..", "a\\..\\plan.sh", "a/"])
def test_the_plan_path_cannot_leave_the_repository(depot: Depot, origin: str, git_source: str, path: str) -> None:
    reply = create(depot, origin, git_source + "x.git", plan_path=path)

    assert (reply.status, reply.text[:34]) == (422, "The plan path must be a path withi")


def test_a_project_can_move_to_another_server(depot: Depot, origin: str, git_source: str) -> None:
    assert create(depot, origin, None, plan_path="plan.sh").json()["vcs_installation_id"] == "17"
    path = f"/projects/{origin}/testapp"

    body = {"plan_path": "x/plan.sh", "installation_id": 17, "clone_url": git_source + "moved.git"}
    assert depot.put(path, by="bobo", json=body).status == 204

    project = depot.get(path, by="bobo").json()
    assert (project["vcs_data"], project["vcs_installation_id"]) == (git_source + "moved.git", "")
    assert depot.put(path, by="bobo", json=body | {"clone_url": "https://elsewhere.org/"}).status == 422


def test_a_clone_url_of_a_wrong_type_is_400(depot: Depot, origin: str, git_source: str) -> None:
    assert create(depot, origin, 7).status == 400
