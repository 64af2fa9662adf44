"""/projects/{origin}/{pkg}/integrations/{integration}/default (builds.md 2.8)."""

import json

import pytest

from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import count, read
from chalicelib.projects.integrations import rows, service
from chalicelib.projects.integrations.rows import ProjectIntegrationRow, setting_key, settings_partition
from tests.api.client import Depot, Reply
from tests.builders.members import a_member, refused_callers
from tests.builders.origins import an_origin
from tests.builders.projects import a_project

BODY = b'{"docker_hub_repo_name": "org/repo", "latest_tag": true, "custom_tag": "x"}'


@pytest.fixture
def origin(depot: Depot) -> str:
    """An origin with a project and an integration that is called `hub`."""
    origin = an_origin(depot)
    a_project(depot, origin)
    an_integration(depot, origin, "hub")
    return origin


def an_integration(depot: Depot, origin: str, name: str, kind: str = "docker") -> None:
    assert depot.put(f"/depot/origins/{origin}/integrations/{kind}/{name}", by="bobo", body=b"{}").status == 201


def url(origin: str, integration: str = "hub", name: str = "testapp") -> str:
    return f"/projects/{origin}/{name}/integrations/{integration}/default"


def put(depot: Depot, origin: str, integration: str = "hub", name: str = "testapp", body: bytes = BODY) -> Reply:
    return depot.put(url(origin, integration, name), by="bobo", body=body)


@pytest.mark.parametrize("body", [BODY, b"[1, 2]", b"null", b'"text"', b"7", b' {"a" : 1}\n', '{"é": 1}'.encode()])
def test_any_json_value_is_returned_as_it_was_stored(depot: Depot, origin: str, body: bytes) -> None:
    stored = put(depot, origin, body=body)
    assert (stored.status, stored.body) == (204, b"")

    reply = depot.get(url(origin), by="bobo")

    assert (reply.status, reply.body, reply.headers["Content-Type"]) == (200, body, "application/json")


def test_a_put_replaces(depot: Depot, origin: str) -> None:
    put(depot, origin)
    assert put(depot, origin, body=b"{}").status == 204

    assert depot.get(url(origin), by="bobo").body == b"{}"


@pytest.mark.parametrize("body", [b"", b"{", b"x", b"\xff", b'{"a":"\xff"}', b"{}{}", b"NaN", b"1e999", b"[" * 9_000])
def test_a_body_that_is_not_json_is_an_empty_400(depot: Depot, origin: str, body: bytes) -> None:
    reply = put(depot, origin, body=body)

    assert (reply.status, reply.body) == (400, b"")


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", None])
def test_the_content_type_is_ignored(depot: Depot, origin: str, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    assert depot.put(url(origin), by="bobo", body=BODY, headers=headers).status == 204


def test_a_large_body_is_413(depot: Depot, origin: str) -> None:
    assert put(depot, origin, body=b'"' + b"x" * 16_382 + b'"').status == 204
    assert put(depot, origin, body=b'"' + b"x" * 16_383 + b'"').status == 413


def test_an_unknown_project_or_integration_is_an_empty_404(depot: Depot, origin: str) -> None:
    an_integration(depot, other := an_origin(depot), "elsewhere")
    a_project(depot, other, plan_path="testapp3/plan.sh")
    for reply in (
        put(depot, origin, "docker"),
        put(depot, origin, "elsewhere"),
        put(depot, origin, name="testapp3"),
        depot.get(url(origin), by="bobo"),
    ):
        assert (reply.status, reply.body) == (404, b"")


def test_the_integration_is_named_and_may_have_any_type(depot: Depot, origin: str) -> None:
    an_integration(depot, origin, "a/b".replace("/", "%2F"), "azure")

    assert put(depot, origin, "a%2Fb").status == 204
    assert service.bodies_of(origin, "testapp") == [("a/b", json.loads(BODY))]


def test_any_target_of_the_project_suffices(depot: Depot) -> None:
    origin = an_origin(depot)
    a_project(depot, origin, target="aarch64-linux")
    an_integration(depot, origin, "hub")

    assert put(depot, origin).status == 204


def test_a_deletion_may_be_repeated(depot: Depot, origin: str) -> None:
    put(depot, origin)

    for _ in range(2):
        reply = depot.delete(url(origin), by="bobo")
        assert (reply.status, reply.body) == (204, b"")
    assert depot.get(url(origin), by="bobo").status == 404


def test_roles(depot: Depot, origin: str) -> None:
    put(depot, origin)
    for name, user, status in refused_callers(depot, origin, "member"):
        for method in ("PUT", "DELETE"):
            reply = depot.request(method, url(name), by=user, body=b"not JSON" if method == "PUT" else None)
            assert (reply.status, reply.body) == (status, b"")
        if user != "mystique":
            assert depot.get(url(name), by=user).status == status
    a_member(depot, origin, "hank")
    assert depot.get(url(origin), by="hank").body == BODY


def test_bodies_are_encrypted_at_rest(depot: Depot, origin: str) -> None:
    put(depot, origin)

    row = read(setting_key(origin, "testapp", "hub"))

    assert row is not None
    assert "org/repo" not in json.dumps(row.to_simple_dict())
    assert key_ring().open(row.box) == service.PURPOSE + BODY


def test_the_worker_gets_the_values_of_all_integrations(depot: Depot, origin: str) -> None:
    an_integration(depot, origin, "main")
    put(depot, origin, "main", body=b"[1]")
    put(depot, origin)

    assert service.bodies_of(origin, "testapp") == [("hub", json.loads(BODY)), ("main", [1])]
    assert service.bodies_of(origin, "other") == []


def test_the_number_is_limited(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST", 1)
    an_integration(depot, origin, "main")
    put(depot, origin)

    reply = put(depot, origin, "main")

    assert (reply.status, reply.text) == (422, "A project can have 1 integrations at most")
    assert put(depot, origin).status == 204
    depot.delete(url(origin), by="bobo")
    assert put(depot, origin, "main").status == 204


def test_they_are_deleted_with_the_last_project_of_the_name(depot: Depot, origin: str) -> None:
    a_project(depot, origin, target="x86_64-windows")
    put(depot, origin)

    assert depot.delete(f"/projects/{origin}/testapp", by="bobo").status == 204
    assert depot.get(url(origin), by="bobo").body == BODY
    assert depot.delete(f"/projects/{origin}/testapp?target=x86_64-windows", by="bobo").status == 204

    assert depot.get(url(origin), by="bobo").status == 404
    assert count(ProjectIntegrationRow, settings_partition(origin, "testapp")) == 0
    a_project(depot, origin)
    assert depot.get(url(origin), by="bobo").status == 404


def test_they_are_deleted_with_their_integration(depot: Depot, origin: str) -> None:
    an_integration(depot, origin, "main")
    put(depot, origin, body=b"1")
    put(depot, origin, "main", body=b"2")

    assert depot.delete(f"/depot/origins/{origin}/integrations/docker/hub", by="bobo").status == 204

    assert depot.get(url(origin), by="bobo").status == 404
    assert service.bodies_of(origin, "testapp") == [("main", 2)]
    an_integration(depot, origin, "hub")
    assert depot.get(url(origin), by="bobo").status == 404
    assert put(depot, origin).status == 204
    assert depot.get(url(origin), by="bobo").body == BODY


def test_those_of_deleted_integrations_do_not_count(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST", 1)
    an_integration(depot, origin, "main")
    put(depot, origin)
    depot.delete(f"/depot/origins/{origin}/integrations/docker/hub", by="bobo")

    assert put(depot, origin, "main").status == 204

    assert depot.get(url(origin, "main"), by="bobo").body == BODY
    assert count(ProjectIntegrationRow, settings_partition(origin, "testapp"), begins=rows.SETTING) == 1
