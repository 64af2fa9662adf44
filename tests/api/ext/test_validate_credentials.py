"""Trying credentials of a registry (platform.md 2.2, accounts.md 8.1)."""

import pytest

from chalicelib.ext import registry
from chalicelib.platform import public_address

WRITTEN = {"username": "jim", "password": "s3cret"}


def _validate(depot, sent, registry_type="docker", by="bobo"):
    return depot.post(f"/ext/integrations/{registry_type}/credentials/validate", by=by, json=sent)


@pytest.fixture
def reachable(configure, double):
    """A registry on this machine, which is only asked because private ones are allowed."""
    configure(private_registries="allowed")
    double.answers("POST", "/v2/users/login", {"token": "never told"})
    return double


def test_credentials_that_the_registry_takes_are_valid(depot, reachable):
    sent = WRITTEN | {"url": f"{reachable.url}/v2", "unknown": "ignored"}

    reply = _validate(depot, sent)

    assert (reply.status, reply.body) == (200, b"")
    [asked] = reachable.asked
    assert asked.json() == WRITTEN | {"url": f"{reachable.url}/v2"}
    assert asked.headers["User-Agent"] == "Habitat-Builder"
    assert (asked.headers["Accept"], asked.headers["Content-Type"]) == ("application/json", "application/json")


@pytest.mark.parametrize("registry_type", ["docker", "amazon", "azure", "anything%20else"])
def test_a_given_address_is_asked_whatever_the_type(depot, reachable, registry_type):
    assert _validate(depot, WRITTEN | {"url": f"{reachable.url}/v2"}, registry_type).status == 200


def test_docker_has_an_address_of_its_own(depot, reachable, monkeypatch):
    assert registry.DOCKER_HUB == "https://hub.docker.com/v2"
    monkeypatch.setattr(registry, "DOCKER_HUB", f"{reachable.url}/v2")

    assert _validate(depot, WRITTEN).status == 200
    assert reachable.asked[0].json() == WRITTEN | {"url": None}
    assert _validate(depot, WRITTEN | {"url": None}).status == 200


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 401, 404, 500])
def test_any_other_answer_is_an_empty_400(depot, reachable, status):
    headers = {"Location": f"{reachable.url}/v2/elsewhere"} if 300 <= status < 400 else {}
    reachable.answers("POST", "/v2/users/login", status=status, body=b"" if status == 204 else b"told", headers=headers)

    reply = _validate(depot, WRITTEN | {"url": f"{reachable.url}/v2"})

    assert (reply.status, reply.body) == (400, b"")
    assert len(reachable.asked) == 1


@pytest.mark.parametrize("registry_type", ["amazon", "azure", "Docker", "other"])
def test_other_types_than_docker_need_an_address(depot, registry_type):
    reply = _validate(depot, WRITTEN, registry_type)

    assert (reply.status, reply.body) == (400, b"")


@pytest.mark.parametrize("sent", [{}, {"username": "jim"}, {"password": "x"}, {"user": "jim", "password": "x"}])
def test_both_name_and_password_are_needed(depot, reachable, sent):
    reply = _validate(depot, sent | {"url": reachable.url})

    assert (reply.status, reply.body) == (400, b"")
    assert reachable.asked == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
def test_a_registry_that_cannot_be_reached_is_an_empty_403(depot, reachable, url):
    reply = _validate(depot, WRITTEN | {"url": url})

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("slow", ["silent", "drips"])
def test_a_registry_that_takes_too_long_is_an_empty_403(depot, reachable, monkeypatch, slow):
    assert registry.SECONDS == 5
    monkeypatch.setattr(registry, "SECONDS", 0.2)
    reachable.answers("POST", "/v2/users/login", {"token": "never told"}, **{slow: True})

    reply = _validate(depot, WRITTEN | {"url": f"{reachable.url}/v2"})

    assert (reply.status, reply.body) == (403, b"")


@pytest.mark.parametrize("url", ["", "nonsense", "https://", "http://[", "https://host:port", "https:///x", "//a"])
def test_what_is_no_address_is_an_empty_500(depot, reachable, url):
    reply = _validate(depot, WRITTEN | {"url": url})

    assert (reply.status, reply.body) == (500, b"")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"username":1}', b'{"url":[]}'])
@pytest.mark.parametrize("by", ["bobo", None])
def test_what_is_no_json_is_400_even_without_a_session(depot, body, by):
    path = "/ext/integrations/docker/credentials/validate"
    reply = depot.post(path, by=by, body=body, headers={"Content-Type": "application/json"})

    assert reply.status == 400
    assert reply.text


@pytest.mark.parametrize("sent", [{}, WRITTEN])
def test_nobody_tries_credentials(depot, sent):
    reply = _validate(depot, sent, by=None)

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
def test_what_is_not_public_and_encrypted_is_refused_without_being_asked(depot, double, url):
    reply = _validate(depot, WRITTEN | {"url": url.format(double=double.url)})

    assert (reply.status, reply.body) == (400, b"")
    assert double.asked == []


def test_a_name_is_refused_if_any_of_its_addresses_is_private(depot, monkeypatch):
    found = [(2, 1, 6, "", ("1.1.1.1", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(public_address.socket, "getaddrinfo", lambda *_, **__: found)

    assert _validate(depot, WRITTEN | {"url": "https://registry.example.com/v2"}).status == 400


def test_an_unknown_name_is_an_empty_403(depot):
    reply = _validate(depot, WRITTEN | {"url": "https://no-such-host.invalid/v2"})

    assert (reply.status, reply.body) == (403, b"")
