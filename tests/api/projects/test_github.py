"""Projects whose repositories are at GitHub (builds.md 2.1, 2.4, 9.4, 9.7)."""

from typing import Any

import pytest

from chalicelib.github import app_token, installation
from chalicelib.identity import github_reader
from chalicelib.projects import sources
from tests.api.client import Depot, Reply
from tests.builders.github import (
    CLONE_URL,
    OF_REPOSITORY,
    TOKENS,
    a_file,
    contents_of,
    permission_of,
    settings_for,
)
from tests.builders.http_double import HttpDouble
from tests.builders.log_lines import Log
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.projects import a_project, connect
from tests.builders.settings import change_settings

PLAN = "habitat/plan.sh"
FILE = contents_of(PLAN)


@pytest.fixture
def origin(depot: Depot) -> str:
    return an_origin(depot)


def create(depot: Depot, origin: str, name: str | None = "widget", **fields: object) -> Reply:
    sent: dict[str, Any] = {"plan_path": PLAN, **fields}
    return connect(depot, origin, name=name, **sent)


def change(depot: Depot, origin: str, name: str = "widget", **fields: object) -> Reply:
    body = {"plan_path": PLAN, "installation_id": 17, "repo_id": 42} | fields
    return depot.put(f"/projects/{origin}/{name}", by="bobo", json=body)


def test_the_clone_url_is_that_of_the_repository(depot: Depot, origin: str, github: HttpDouble) -> None:
    reply = create(depot, origin)

    assert reply.status == 201
    project = reply.json()
    assert (project["package_name"], project["vcs_data"]) == ("widget", CLONE_URL)
    assert (project["vcs_installation_id"], project["plan_path"]) == ("17", PLAN)
    assert [(request.method, request.target) for request in github.received] == [
        ("POST", TOKENS),
        ("GET", OF_REPOSITORY),
        ("GET", permission_of("bobo")),
        ("GET", FILE),
    ]
    assert [request.headers["Authorization"] for request in github.received[1:]] == ["Bearer ghs_1"] * 3


@pytest.mark.parametrize("permission", ["none", None])
def test_a_private_repository_is_missing_for_an_account_that_may_not_read_it(
    depot: Depot, origin: str, github: HttpDouble, permission: str | None
) -> None:
    """The ids of installations and repositories can be guessed."""
    a_widget(depot, origin)
    status = 404 if permission is None else 200
    github.answers("GET", permission_of("bobo"), {"permission": permission}, status=status)

    for reply in (create(depot, origin, target="x86_64-windows"), change(depot, origin)):
        assert (reply.status, reply.body) == (404, b"")
    content = depot.get("/ext/installations/17/repos/42/contents/habitat%2Fplan.sh", by="bobo")
    assert (content.status, content.body) == (404, b"")


def test_a_public_repository_is_read_for_every_account(depot: Depot, origin: str, github: HttpDouble) -> None:
    github.answers("GET", permission_of("bobo"), status=404)
    github.answers("GET", OF_REPOSITORY, {"id": 42, "clone_url": CLONE_URL, "private": False})

    assert create(depot, origin).status == 201


@pytest.mark.parametrize("settings", [{"github_check_access": False}, {"oauth_provider": "gitlab"}])
def test_access_is_not_checked_without_the_setting_or_with_accounts_of_another_provider(
    depot: Depot, origin: str, github: HttpDouble, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    github.answers("GET", permission_of("bobo"), status=404)
    changed = {"functional_test": False, **settings_for(github), **settings}
    change_settings(monkeypatch, (app_token, installation, github_reader, sources), **changed)

    assert create(depot, origin).status == 201


def test_the_origin_in_the_plan_is_not_compared(depot: Depot, origin: str, github: HttpDouble) -> None:
    github.answers("GET", FILE, a_file(PLAN, b"pkg_origin=other\n  pkg_name='widget'\n"))

    assert create(depot, origin).status == 201


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_installation_that_refuses_a_token_is_an_empty_403(
    depot: Depot, origin: str, github: HttpDouble, status: int
) -> None:
    github.answers("POST", TOKENS, {"message": "x"}, status=status)

    reply = create(depot, origin)

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("path", [OF_REPOSITORY, FILE])
def test_a_repository_or_plan_that_does_not_exist_is_an_empty_404(
    depot: Depot, origin: str, github: HttpDouble, path: str
) -> None:
    a_widget(depot, origin)
    github.answers("GET", path, status=404)

    for reply in (create(depot, origin, target="x86_64-windows"), change(depot, origin)):
        assert (reply.status, reply.body) == (404, b"")


def a_widget(depot: Depot, origin: str) -> None:
    assert create(depot, origin).status == 201


@pytest.mark.parametrize("path", ["../x", "a//plan.sh", "./plan.sh", "/plan.sh"])
def test_a_plan_path_cannot_leave_the_repository(depot: Depot, origin: str, github: HttpDouble, path: str) -> None:
    reply = create(depot, origin, plan_path=path)

    assert (reply.status, reply.body) == (404, b"")


def refusals(depot: Depot, origin: str) -> list[tuple[int, str]]:
    """Return the refusals of a creation and of a change; the widget exists for one target."""
    replies = [create(depot, origin, target="x86_64-windows"), change(depot, origin)]
    return [(reply.status, reply.text) for reply in replies]


def test_a_repository_that_github_does_not_return_is_422(depot: Depot, origin: str, github: HttpDouble) -> None:
    a_widget(depot, origin)
    github.answers("GET", OF_REPOSITORY, status=500)

    detail = "GitHub answered 500 to the request for a repository"
    assert refusals(depot, origin) == [
        (422, f"Error finding GitHub repo. Error:  {detail}"),
        (422, f"Error finding GitHub repo. Error : {detail}"),
    ]


def test_a_plan_that_github_does_not_return_is_422(depot: Depot, origin: str, github: HttpDouble) -> None:
    a_widget(depot, origin)
    github.answers("GET", FILE, status=502)
    text = "Error fetching contents from GitHub. Error : GitHub answered 502 to the request for the content of a "
    assert refusals(depot, origin) == [(422, text + "repository")] * 2

    github.answers("GET", FILE, [{"name": "plan.sh", "type": "file"}])
    text = "Error fetching contents from GitHub. Error : GitHub sent something unexpected"
    assert refusals(depot, origin) == [(422, text)] * 2


@pytest.mark.parametrize("wrong", [{"content": "a"}, {"content": "****"}, {"content": "", "encoding": "none"}])
def test_content_that_is_not_base64_is_422(
    depot: Depot, origin: str, github: HttpDouble, wrong: dict[str, str]
) -> None:
    a_widget(depot, origin)
    github.answers("GET", FILE, a_file(PLAN, b"") | wrong)

    creation, changing = refusals(depot, origin)
    assert creation[1].startswith("Error decoding base64 content : the content is not")
    assert changing[1].startswith("Error decoding base64 content. Error : the content is not")
    assert (creation[0], changing[0]) == (422, 422)


@pytest.mark.parametrize(
    ("plan", "detail"),
    [
        (b"pkg_origin=x", "the plan has no pkg_name"),
        (b"pkg_name=widget", "the plan has no pkg_origin"),
        (b"pkg_name=widget\npkg_origin=\xff", "the plan is not UTF-8"),
        (b"", "the plan has no pkg_name"),
    ],
)
def test_a_malformed_plan_is_422(depot: Depot, origin: str, github: HttpDouble, plan: bytes, detail: str) -> None:
    a_widget(depot, origin)
    github.answers("GET", FILE, a_file(PLAN, plan))

    assert refusals(depot, origin) == [(422, f"Error matching Plan. Error : {detail}")] * 2


@pytest.mark.parametrize("name", ["gadget", "", None, "Widget"])
def test_the_name_must_be_that_of_the_plan(depot: Depot, origin: str, github: HttpDouble, name: str | None) -> None:
    reply = create(depot, origin, name)

    assert (reply.status, reply.text) == (422, f"Package name '{name or ''}' does not correspond to the plan file")


def test_an_empty_name_never_matches(depot: Depot, origin: str, github: HttpDouble) -> None:
    github.answers("GET", FILE, a_file(PLAN, b"pkg_name=\npkg_origin=x"))

    reply = create(depot, origin, "")

    assert (reply.status, reply.text) == (422, "Package name '' does not correspond to the plan file")


@pytest.mark.parametrize("name", ["a b", "x" * 450, "é", "a/b"])
def test_a_name_that_no_package_can_have_is_422(depot: Depot, origin: str, github: HttpDouble, name: str) -> None:
    github.answers("GET", FILE, a_file(PLAN, f"pkg_name={name}\npkg_origin=x".encode()))

    reply = create(depot, origin, name)

    assert (reply.status, reply.text) == (422, f"Package name '{name}' is not valid")


def test_a_change_to_the_plan_of_another_package_is_422(depot: Depot, origin: str, github: HttpDouble) -> None:
    a_widget(depot, origin)
    github.answers("GET", FILE, a_file(PLAN, b"pkg_name=gadget\npkg_origin=x"))

    reply = change(depot, origin)

    assert (reply.status, reply.text) == (422, "Package name 'widget' does not correspond to the plan file")


def test_a_change_reads_the_new_plan(depot: Depot, origin: str, github: HttpDouble) -> None:
    a_widget(depot, origin)
    github.answers("GET", contents_of("new/plan.sh"), a_file("new/plan.sh", b"pkg_name=widget\npkg_origin=x"))
    github.answers("GET", OF_REPOSITORY, {"clone_url": "https://github.com/acme/moved.git"})

    assert change(depot, origin, plan_path="new/plan.sh").status == 204

    project = depot.get(f"/projects/{origin}/widget", by="bobo").json()
    assert (project["plan_path"], project["vcs_data"]) == ("new/plan.sh", "https://github.com/acme/moved.git")


def test_github_is_not_asked_before_the_request_is_checked(depot: Depot, origin: str, github: HttpDouble) -> None:
    assert create(depot, origin, target="amiga").status == 422
    assert create(depot, a_name("origin")).status == 403
    assert change(depot, origin).status == 404
    assert github.received == []


def test_an_existing_project_is_409_after_github_was_asked(depot: Depot, origin: str, github: HttpDouble) -> None:
    a_widget(depot, origin)
    assert create(depot, origin).status == 409

    github.answers("POST", TOKENS, status=401)

    assert create(depot, origin).status == 403


def test_failures_of_github_are_logged_without_values(depot: Depot, origin: str, github: HttpDouble, log: Log) -> None:
    github.answers("GET", FILE, status=500, body=b"geheim")

    create(depot, origin)

    assert "GitHub answered 500" in log.text
    assert "geheim" not in log.text
    assert "ghs_1" not in log.text


def test_clone_url_is_ignored_without_the_setting(depot: Depot, origin: str, github: HttpDouble) -> None:
    assert create(depot, origin, clone_url="https://git.example.com/x.git").json()["vcs_data"] == CLONE_URL
    a_project(depot, origin, name="widget", plan_path=PLAN, target="x86_64-windows", clone_url="nonsense")
