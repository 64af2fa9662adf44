"""A push finds the plans that it touches, and starts their builds (builds.md 9.5, 9.6)."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.ext import push_builds, push_plans, pushes, scheduling
from chalicelib.github import installation
from chalicelib.platform.table import StoreUnavailable
from chalicelib.projects import sources
from tests.api.client import Depot
from tests.api.notify.conftest import Started
from tests.builders.github import CLONE_URL, TOKENS, a_file, a_github, contents_of
from tests.builders.http_double import HttpDouble
from tests.builders.log_lines import Log
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.projects import a_project
from tests.builders.settings import change_settings
from tests.builders.webhooks import a_push, body_with, notify

LINUX, KERNEL2, WINDOWS = "x86_64-linux", "x86_64-linux-kernel2", "x86_64-windows"


def plan(origin: str, name: str = "widget", version: str | None = "1.0") -> str:
    """Return the text of a plan."""
    return f'pkg_origin={origin}\npkg_name="{name}"\n' + (f"pkg_version={version}\n" if version else "")


@pytest.fixture
def origin(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> str:
    """An origin in which projects can be connected to the repository."""
    change_settings(monkeypatch, (sources,), git_sources=("https://github.com/",))
    return an_origin(depot)


def connected(depot: Depot, origin: str, name: str = "widget", **fields: Any) -> None:
    sent: dict[str, Any] = {"name": name, "clone_url": CLONE_URL, "auto_build": True} | fields
    a_project(depot, origin, **sent)


def found(depot: Depot, body: bytes, **headers: str) -> list[tuple[str, str]]:
    """Send a push and return the names of the plans that it touches, with their targets."""
    reply = notify(depot, body, **headers)
    assert reply.status == 200, reply
    return [(named["name"], target) for named, target in reply.json()]


def test_every_plan_is_returned_whether_it_has_a_project_or_not(depot: Depot, github: HttpDouble) -> None:
    a_github(github, {"habitat/plan.sh": plan("acme"), "habitat/plan.ps1": "$pkg_name='w'\n$pkg_origin='acme'"})

    reply = notify(depot, a_push("README.md"))

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.text == (
        '[[{"name":"widget","origin":"acme","version":"1.0"},"x86_64-linux"],'
        '[{"name":"w","origin":"acme","version":null},"x86_64-windows"]]'
    )


def test_a_build_starts_for_a_project_of_the_repository(
    depot: Depot, github: HttpDouble, origin: str, started: Started
) -> None:
    a_github(github, {"habitat/plan.sh": plan(origin)})
    connected(depot, origin)

    assert found(depot, a_push("src/main.rs")) == [("widget", LINUX)]

    account_id = int(depot.get("/profile", by="bobo").json()["id"])
    assert started == [(f"{origin}/widget", LINUX, account_id, "bobo")]


@pytest.mark.parametrize(
    ("pusher", "name"), [({"name": "no-such-account"}, "no-such-account"), ({"name": 7}, ""), ({}, "")]
)
def test_the_pusher_need_not_have_an_account(
    depot: Depot, github: HttpDouble, origin: str, started: Started, pusher: dict[str, Any], name: str
) -> None:
    a_github(github, {"habitat/plan.sh": plan(origin)})
    connected(depot, origin)

    found(depot, a_push("x", pusher=pusher))

    assert started == [(f"{origin}/widget", LINUX, push_builds.NO_ACCOUNT, name)]


@pytest.mark.parametrize(
    ("project", "settings"),
    [
        (None, {}),
        ({"auto_build": False}, {}),
        ({"clone_url": "https://github.com/acme/fork.git"}, {}),
        ({"target": WINDOWS}, {}),
        ({"name": "other"}, {}),
        ({}, {"build_targets": (WINDOWS,)}),
        ({}, {"suppress_autobuild_origins": True}),
    ],
)
def test_other_plans_are_returned_but_not_built(
    depot: Depot,
    github: HttpDouble,
    origin: str,
    started: Started,
    configure: Callable[..., None],
    project: dict[str, Any] | None,
    settings: dict[str, Any],
) -> None:
    a_github(github, {"habitat/plan.sh": plan(origin)})
    if project is not None:
        connected(depot, origin, **project)
    configure(**{name: (origin,) if value is True else value for name, value in settings.items()})

    assert found(depot, a_push("x")) == [("widget", LINUX)]
    assert started == []


def test_the_names_of_suppressed_origins_are_case_sensitive(
    depot: Depot, github: HttpDouble, origin: str, started: Started, configure: Callable[..., None]
) -> None:
    a_github(github, {"habitat/plan.sh": plan(origin)})
    connected(depot, origin)
    configure(suppress_autobuild_origins=(origin.upper(),))

    found(depot, a_push("x"))

    assert len(started) == 1


@pytest.mark.parametrize(("ref", "plans"), [("refs/heads/master", 1), ("refs/heads/main", 1), ("refs/heads/dev", 0),
                                            ("refs/heads/x/main", 0), ("refs/tags/main", 0), ("main", 0)])  # fmt: skip
def test_only_main_and_master_trigger(depot: Depot, github: HttpDouble, ref: str, plans: int) -> None:
    a_github(github, {"habitat/plan.sh": plan("acme")})

    reply = notify(depot, a_push("x", ref=ref))

    assert (reply.status, len(reply.json())) == (200, plans)


BLDR_TOML = """
[nginx]
plan_path = "nginx"
paths = ["shared/*.sh"]
build_targets = ["x86_64-linux", "x86_64-linux-kernel2"]

[redis]
plan_path = "redis/habitat/plan.sh"
"""


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["nginx/plan.sh"], ["nginx", "nginx"]),
        (["NGINX/deep/er/x"], ["nginx", "nginx"]),
        (["shared/a/b.SH"], ["nginx", "nginx"]),
        (["redis/src/x"], ["redis"]),
        (["other", "redis/x", "nginx/x"], ["nginx", "nginx", "redis"]),
        (["README.md", "nginx2/x", "shared/x.py"], []),
    ],
)
def test_bldr_toml_says_which_files_build_which_plans(
    depot: Depot, github: HttpDouble, files: list[str], names: list[str]
) -> None:
    plans = {"nginx/plan.sh": plan("acme", "nginx"), "redis/habitat/plan.sh": plan("acme", "redis")}
    a_github(github, {".bldr.toml": BLDR_TOML, **plans})

    assert [name for name, _ in found(depot, a_push(*files))] == names


def test_files_of_all_commits_count(depot: Depot, github: HttpDouble) -> None:
    a_github(github, {".bldr.toml": BLDR_TOML, "redis/habitat/plan.sh": plan("acme", "redis")})
    odd: list[Any] = [{}, {"added": None, "modified": [7]}, "x", None]

    for kind in ("added", "removed", "modified"):
        body = body_with(commits=[*odd, {kind: ["redis/x"]}, {"modified": ["README.md"]}])
        assert found(depot, body) == [("redis", LINUX)]


def test_both_folders_of_an_entry_count_and_targets_are_those_of_the_entry(depot: Depot, github: HttpDouble) -> None:
    toml = '[a]\nplan_path="a"\nbuild_targets=["x86_64-windows", "x86_64-linux-kernel2", "aarch64-linux"]'
    files = {"a/plan.sh": plan("o", "unix"), "a/habitat/plan.ps1": plan("o", "win"), "a/habitat/plan.sh/x": ""}
    a_github(github, {".bldr.toml": toml, **files})

    assert found(depot, a_push("a/x")) == [("unix", KERNEL2), ("unix", "aarch64-linux"), ("win", WINDOWS)]


def test_a_plan_of_two_entries_is_built_once(depot: Depot, github: HttpDouble, origin: str, started: Started) -> None:
    toml = '[a]\nplan_path="a"\n[b]\nplan_path="a/habitat"'
    a_github(github, {".bldr.toml": toml, "a/habitat/plan.sh": plan(origin)})
    connected(depot, origin)

    assert found(depot, a_push("a/x")) == [("widget", LINUX)]
    assert len(started) == 1


def test_folders_that_cannot_be_read_have_no_plans(depot: Depot, github: HttpDouble) -> None:
    a_github(github, {".bldr.toml": BLDR_TOML, "nginx/plan.sh": plan("acme", "nginx")})
    github.answers("GET", contents_of("redis/habitat"), status=500)
    github.answers("GET", contents_of("redis"), a_file("redis", b""))

    assert [name for name, _ in found(depot, a_push("nginx/x", "redis/x"))] == ["nginx", "nginx"]


def test_a_plan_that_vanishes_is_skipped(depot: Depot, github: HttpDouble) -> None:
    a_github(github, {"habitat/plan.sh": plan("acme")})
    github.answers("GET", contents_of("habitat/plan.sh"), status=404)

    assert found(depot, a_push("x")) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", TOKENS), ("GET", contents_of(".bldr.toml")), ("GET", contents_of("habitat/plan.sh"))],
)
def test_a_failure_of_github_is_an_empty_403(
    depot: Depot, github: HttpDouble, started: Started, method: str, path: str
) -> None:
    a_github(github, {"habitat/plan.sh": plan("acme"), "plan.ps1": plan("acme")})
    github.answers(method, path, status=500)

    reply = notify(depot, a_push("x"))

    assert (reply.status, reply.body, started) == (403, b"", [])


def test_a_bldr_toml_that_is_not_base64_is_an_empty_403(depot: Depot, github: HttpDouble) -> None:
    github.answers("GET", contents_of(".bldr.toml"), a_file(".bldr.toml", b"") | {"content": "*"})

    reply = notify(depot, a_push("x"))

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/heads/dev"])
@pytest.mark.parametrize(
    "toml", ["[", "a = 1", "[a]\nplan_path = 1", '[a]\nbuild_targets = ["amiga"]', b"\xff", "[a]\npaths = 'x'"]
)
def test_a_bldr_toml_that_cannot_be_parsed_is_an_empty_500_with_its_cause_in_the_log(
    depot: Depot, github: HttpDouble, log: Log, toml: str | bytes, ref: str
) -> None:
    a_github(github, {".bldr.toml": toml})

    reply = notify(depot, a_push("x", ref=ref))

    assert (reply.status, reply.body) == (500, b"")
    [line] = log.named("unexpected error")
    assert [each["type"].rpartition(".")[2] for each in line["problem"]][:2] == [
        "BldrTomlUnreadable",
        "BldrTomlMalformed",
    ]
    assert line["problem"][0]["reason"]


def test_a_plan_that_cannot_be_parsed_is_an_empty_500(
    depot: Depot, github: HttpDouble, origin: str, started: Started
) -> None:
    a_github(github, {"habitat/plan.sh": plan(origin), "plan.sh": "pkg_name=x"})
    connected(depot, origin)

    reply = notify(depot, a_push("x"))

    assert (reply.status, reply.body, started) == (500, b"", [])


@pytest.mark.parametrize("repository", [{}, {"id": "42", "clone_url": 1}, {"id": None}, {"id": -1}])
def test_a_push_without_a_repository_touches_nothing(
    depot: Depot, github: HttpDouble, repository: dict[str, Any]
) -> None:
    a_github(github, {"habitat/plan.sh": plan("acme")})

    assert found(depot, a_push("x", repository=repository)) == []


class TestStart:
    @pytest.fixture(autouse=True)
    def three_projects(self, depot: Depot, github: HttpDouble, origin: str) -> None:
        names = ("one", "two", "three")
        toml = "\n".join(f'[{name}]\nplan_path="{name}"' for name in names)
        a_github(github, {".bldr.toml": toml, **{f"{name}/plan.sh": plan(origin, name) for name in names}})
        for name in names:
            connected(depot, origin, name)

    PUSHED = ("one/x", "two/x", "three/x")

    @staticmethod
    def names(started: Started) -> list[str]:
        return [root.partition("/")[2] for root, *_ in started]

    def test_a_redelivery_starts_nothing_twice(self, depot: Depot, started: Started) -> None:
        delivery = a_name("delivery")
        for _ in range(2):
            assert len(found(depot, a_push(*self.PUSHED), X_GitHub_Delivery=delivery)) == 3

        assert self.names(started) == ["one", "two", "three"]
        found(depot, a_push(*self.PUSHED), X_GitHub_Delivery=a_name("delivery"))
        found(depot, a_push(*self.PUSHED))
        assert self.names(started) == ["one", "two", "three"] * 3

    @pytest.mark.parametrize("delivery", ["x" * 5_000, "a/b%", "ü"])
    def test_any_text_can_be_the_id_of_a_delivery(self, depot: Depot, started: Started, delivery: str) -> None:
        delivery = a_name("delivery") + delivery
        for _ in range(2):
            assert len(found(depot, a_push(*self.PUSHED), X_GitHub_Delivery=delivery)) == 3

        assert len(started) == 3

    def test_a_build_that_fails_to_start_is_logged_and_the_others_start(
        self, depot: Depot, started: Started, monkeypatch: pytest.MonkeyPatch, log: Log
    ) -> None:
        self.let_two_fail(monkeypatch, started, ValueError("geheim"))
        delivery = a_name("delivery")

        assert len(found(depot, a_push(*self.PUSHED), X_GitHub_Delivery=delivery)) == 3

        assert self.names(started) == ["one", "three"]
        assert len(log.named("unexpected error")) == 1
        assert "geheim" not in log.text
        monkeypatch.setattr(scheduling, "schedule", started.schedule)
        found(depot, a_push(*self.PUSHED), X_GitHub_Delivery=delivery)
        assert self.names(started) == ["one", "three", "two"]

    def test_an_outage_of_the_table_is_503_and_a_repeat_starts_the_rest(
        self, depot: Depot, started: Started, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.let_two_fail(monkeypatch, started, StoreUnavailable())
        delivery = a_name("delivery")

        assert notify(depot, a_push(*self.PUSHED), X_GitHub_Delivery=delivery).status == 503

        monkeypatch.setattr(scheduling, "schedule", started.schedule)
        found(depot, a_push(*self.PUSHED), X_GitHub_Delivery=delivery)
        assert self.names(started) == ["one", "two", "three"]

    @staticmethod
    def let_two_fail(monkeypatch: pytest.MonkeyPatch, started: Started, problem: Exception) -> None:
        def schedule(*build: Any) -> None:
            if build[0].endswith("/two"):
                raise problem
            started.schedule(*build)

        monkeypatch.setattr(scheduling, "schedule", schedule)

    def test_builds_that_cannot_start_in_time_are_left_to_a_repeat(
        self, depot: Depot, started: Started, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert pushes.TOTAL_SECONDS < 25
        delivery = a_name("delivery")
        monkeypatch.setattr(pushes, "TOTAL_SECONDS", 0)

        reply = notify(depot, a_push(*self.PUSHED), X_GitHub_Delivery=delivery)

        assert (reply.status, reply.headers["Retry-After"], started) == (503, "1", [])


class TestBounds:
    def test_the_number_of_files(self, depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(push_plans, "MOST_FILES", 2)

        reply = notify(depot, a_push("a", "b", "c"))

        assert (reply.status, reply.text) == (422, "The push changes more than 2 files. Start the builds yourself.")
        assert notify(depot, a_push("a", "b", "b")).status == 200

    def test_the_number_of_plans(self, depot: Depot, github: HttpDouble, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(push_plans, "MOST_TRIGGERED", 1)
        a_github(github, {".bldr.toml": BLDR_TOML})

        reply = notify(depot, a_push("nginx/x", "redis/x"))

        assert (reply.status, reply.text) == (422, "The push triggers more than 1 plans. Start the builds yourself.")

    def test_the_time_for_matching(self, depot: Depot, github: HttpDouble, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(push_plans, "MATCHING_SECONDS", -1)

        assert notify(depot, a_push("x")).status == 422

    def test_the_time_of_github(self, depot: Depot, github: HttpDouble, monkeypatch: pytest.MonkeyPatch) -> None:
        github.answers("GET", contents_of("habitat"), silent=True)
        monkeypatch.setattr(installation, "TOTAL_SECONDS", 0.5)

        assert notify(depot, a_push("x")).status == 403

    def test_plans_are_read_at_once(self, depot: Depot, github: HttpDouble) -> None:
        count = push_plans.MOST_TRIGGERED
        toml = "\n".join(f'[e{number}]\nplan_path="p{number}"' for number in range(count))
        a_github(github, {".bldr.toml": toml, **{f"p{number}/plan.sh": plan("o") for number in range(count)}})

        assert len(found(depot, a_push(*(f"p{number}/x" for number in range(count))))) == count
        assert len(github.received) == 2 + 3 * count


def test_tokens_are_not_logged(depot: Depot, github: HttpDouble, log: Log) -> None:
    a_github(github, {"habitat/plan.sh": plan("acme")})

    found(depot, a_push("x"))

    assert "ghs_1" not in log.text
