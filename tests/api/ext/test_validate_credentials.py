"""Credentials of container registries (platform.md 2.2, accounts.md 8.1)."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.ext import registry
from tests.api.client import Depot, Reply
from tests.builders.http_double import HttpDouble

CREDENTIALS = {"username": "jim", "password": "s3cret"}


def validate(depot: Depot, sent: dict[str, Any], registry_type: str = "docker", by: str | None = "bobo") -> Reply:
    return depot.post(f"/ext/integrations/{registry_type}/credentials/validate", by=by, json=sent)


@pytest.fixture
def reachable(configure: Callable[..., None], double: HttpDouble) -> HttpDouble:
    """The double of a registry, with private addresses allowed."""
    configure(private_registries="allowed")
    double.answers("POST", "/v2/users/login", {"token": "not passed on"})
    return double


def test_credentials_that_the_registry_accepts_are_valid(depot: Depot, reachable: HttpDouble) -> None:
    sent = CREDENTIALS | {"url": f"{reachable.url}/v2", "unknown": "ignored"}

    reply = validate(depot, sent)

    assert (reply.status, reply.body) == (200, b"")
    [request] = reachable.received
    assert request.json() == CREDENTIALS | {"url": f"{reachable.url}/v2"}
    assert request.headers["User-Agent"] == "Habitat-Builder"
    assert (request.headers["Accept"], request.headers["Content-Type"]) == ("application/json", "application/json")


@pytest.mark.parametrize("registry_type", ["docker", "amazon", "azure", "anything%20else"])
def test_a_given_url_is_used_whatever_the_type(depot: Depot, reachable: HttpDouble, registry_type: str) -> None:
    assert validate(depot, CREDENTIALS | {"url": f"{reachable.url}/v2"}, registry_type).status == 200


def test_docker_has_a_default_url(depot: Depot, reachable: HttpDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry.DOCKER_HUB == "https://hub.docker.com/v2"
    monkeypatch.setattr(registry, "DOCKER_HUB", f"{reachable.url}/v2")

    assert validate(depot, CREDENTIALS).status == 200
    assert reachable.received[0].json() == CREDENTIALS | {"url": None}
    assert validate(depot, CREDENTIALS | {"url": None}).status == 200


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 401, 404, 500])
def test_any_other_answer_is_an_empty_400(depot: Depot, reachable: HttpDouble, status: int) -> None:
    headers = {"Location": f"{reachable.url}/v2/elsewhere"} if 300 <= status < 400 else {}
    reachable.answers(
        "POST", "/v2/users/login", status=status, body=b"" if status == 204 else b"not passed on", headers=headers
    )

    reply = validate(depot, CREDENTIALS | {"url": f"{reachable.url}/v2"})

    assert (reply.status, reply.body) == (400, b"")
    assert len(reachable.received) == 1


@pytest.mark.parametrize("registry_type", ["amazon", "azure", "Docker", "other"])
def test_types_other_than_docker_need_a_url(depot: Depot, registry_type: str) -> None:
    reply = validate(depot, CREDENTIALS, registry_type)

    assert (reply.status, reply.body) == (400, b"")


@pytest.mark.parametrize("sent", [{}, {"username": "jim"}, {"password": "x"}, {"user": "jim", "password": "x"}])
def test_user_name_and_password_are_needed(depot: Depot, reachable: HttpDouble, sent: dict[str, Any]) -> None:
    reply = validate(depot, sent | {"url": reachable.url})

    assert (reply.status, reply.body) == (400, b"")
    assert reachable.received == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
def test_a_registry_that_cannot_be_reached_is_an_empty_403(depot: Depot, reachable: HttpDouble, url: str) -> None:
    reply = validate(depot, CREDENTIALS | {"url": url})

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("slow", ["silent", "drips"])
def test_a_registry_that_takes_too_long_is_an_empty_403(
    depot: Depot, reachable: HttpDouble, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    assert registry.SECONDS == 5
    monkeypatch.setattr(registry, "SECONDS", 0.2)
    reachable.answers("POST", "/v2/users/login", {"token": "not passed on"}, **{slow: True})

    reply = validate(depot, CREDENTIALS | {"url": f"{reachable.url}/v2"})

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("url", ["", "nonsense", "https://", "http://[", "https://host:port", "https:///x", "//a"])
def test_a_url_that_cannot_be_parsed_is_an_empty_500(depot: Depot, reachable: HttpDouble, url: str) -> None:
    reply = validate(depot, CREDENTIALS | {"url": url})

    assert (reply.status, reply.body) == (500, b"")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"username":1}', b'{"url":[]}'])
@pytest.mark.parametrize("by", ["bobo", None])
def test_a_malformed_body_is_400_even_without_a_session(depot: Depot, body: bytes, by: str | None) -> None:
    path = "/ext/integrations/docker/credentials/validate"
    reply = depot.post(path, by=by, body=body, headers={"Content-Type": "application/json"})

    assert reply.status == 400
    assert reply.text


@pytest.mark.parametrize("sent", [{}, CREDENTIALS])
def test_anonymous_callers_are_refused(depot: Depot, sent: dict[str, Any]) -> None:
    reply = validate(depot, sent, by=None)

    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize(
    "url",
    [
        "{double}/v2",
        "https://127.0.0.1/v2",
        "https://localhost/v2",
        "https://[::1]/v2",
        "https://0.0.0.0/v2",
        "https://10.1.2.3/v2",
        "https://172.16.0.1/v2",
        "https://192.168.1.1:8443/v2",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/v2",
        "https://168.63.129.16/v2",
        "https://[fd00:ec2::254]/v2",
        "https://[fe80::1]/v2",
        "https://[::ffff:127.0.0.1]/v2",
        "https://[2002:7f00:1::]/v2",
        "https://[64:ff9b::7f00:1]/v2",
        "https://2130706433/v2",
        "https://0x7f000001/v2",
        "https://127.1/v2",
        "https://user:pass@1.1.1.1/v2",
        "http://1.1.1.1/v2",
        "ftp://1.1.1.1/v2",
        "file://host/etc/passwd",
    ],
)
def test_a_url_that_is_not_public_and_https_is_refused_without_a_request(
    depot: Depot, double: HttpDouble, url: str
) -> None:
    reply = validate(depot, CREDENTIALS | {"url": url.format(double=double.url)})

    assert (reply.status, reply.body) == (400, b"")
    assert double.received == []


def test_a_name_is_refused_if_any_of_its_addresses_is_private(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [(2, 1, 6, "", ("1.1.1.1", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr("chalicelib.platform.public_address.socket.getaddrinfo", lambda *_, **__: addresses)

    assert validate(depot, CREDENTIALS | {"url": "https://registry.example.com/v2"}).status == 400


def test_an_unknown_host_is_an_empty_403(depot: Depot) -> None:
    reply = validate(depot, CREDENTIALS | {"url": "https://no-such-host.invalid/v2"})

    assert (reply.status, reply.body) == (403, b"")
