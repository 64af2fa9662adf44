"""Names with characters that headers cannot hold: no request fails, and no header is split (core/header_text.py)."""

from collections.abc import Iterable
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from app import app
from chalicelib.packages import download
from chalicelib.platform.config import config
from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.keys import a_signing_pair
from tests.builders.names import a_name
from tests.builders.origins import an_origin

ODD = {
    "beyond Latin-1": "ключ-🔑",
    "Latin-1": "clé",
    "quotes": "a\"b'c\\d",
    "parameters": "a;b=c, d",
    "percent": "100%25%0A",
    "spaces": " a  b ",
    "separators": "a\u2028b\u0085c",
}


def assert_sendable(headers: Iterable[tuple[str, str]]) -> None:
    for name, value in headers:
        assert value.isascii() and value.isprintable(), (name, value)


@pytest.mark.parametrize("mode", ["front", "auto", "redirect"])
@pytest.mark.parametrize("what", ODD)
def test_an_archive_of_any_version_can_be_downloaded(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, what: str, mode: str
) -> None:
    hart = a_hart(origin=an_origin(depot), name=a_name("tool"), version=ODD[what])
    url = f"/depot/pkgs/{quote(hart.path)}"
    query = {"checksum": hart.checksum, "target": hart.target}
    sent = depot.post(url, by="bobo", body=hart.content, query=query)
    if sent.status == 422:
        assert not ODD[what].isprintable() or ODD[what] != ODD[what].strip()
        return
    assert sent.status == 201
    assert_sendable(sent.headers)
    assert sent.headers["Location"].startswith(f"/v1{url}?")

    monkeypatch.setattr(download, "config", replace(config, download_mode=mode))
    reply = depot.get(f"{url}/download")

    assert_sendable(reply.headers)
    assert reply.status == (302 if mode == "redirect" else 200)
    if mode != "redirect":
        assert reply.body == hart.content
        assert reply.headers["Content-Disposition"].count('"') == 2


@pytest.mark.parametrize(
    "odd", ["%0D%0ASet-Cookie:%20a=b", "%00", "%C3%28", "%ED%A0%80", "%E2%80%A8", "%25%0a", "%F0%9F%94%91"]
)
def test_characters_of_a_path_do_not_split_headers(depot: Depot, odd: str) -> None:
    origin = an_origin(depot)
    key = a_signing_pair(origin)[0]
    paths = {
        f"/depot/origins/{origin}/keys/{odd}": key.text.encode(),
        f"/depot/pkgs/{origin}/tool/{odd}/1": b"",
        f"/depot/pkgs/{origin}/tool/{odd}/latest": None,
        f"/depot/channels/{origin}/{odd}": b"",
        f"/depot/pkgs/search/{odd}": None,
    }
    for path, body in paths.items():
        reply = depot.request("GET" if body is None else "POST", path, by="bobo", body=body)
        assert reply.status < 500, (path, reply)
        assert "Set-Cookie" not in reply.headers
        assert_sendable(reply.headers)


@pytest.mark.parametrize(
    "odd", ["%2E", "..", "%2e%2E", "%ED%A0%80", "%FF", "%C0%AF", "%E2%80%8B", "%E2%80%AE", "%EF%BB%BF"]
)
def test_names_that_a_path_cannot_hold_or_show_are_refused_everywhere(depot: Depot, odd: str) -> None:
    origin = an_origin(depot)
    requests = {
        f"/depot/channels/{origin}/{odd}": "POST",
        f"/depot/channels/{origin}/unstable/pkgs/promote?channel={odd}": "PUT",
        f"/settings/{origin}/{odd}": "POST",
        f"/depot/origins/{origin}/integrations/docker/{odd}": "PUT",
        f"/depot/origins/{origin}/integrations/{odd}/main": "PUT",
        f"/depot/pkgs/{origin}/tool/{odd}/1": "POST",
        f"/depot/pkgs/{origin}/tool/1/{odd}": "POST",
    }

    refused = {path: depot.request(method, path, by="bobo", body=b"{}").status for path, method in requests.items()}

    assert set(refused.values()) == {422}, refused
    assert [channel["name"] for channel in depot.get(f"/depot/channels/{origin}").json()] == ["stable", "unstable"]


def test_an_archive_that_depends_on_a_dot_segment_is_refused(depot: Depot) -> None:
    origin = an_origin(depot)
    dependent = a_hart(origin=origin, name=a_name("tool"), tdeps=["core/glibc/../20240101000000"])

    reply = depot.post(dependent.url, by="bobo", body=dependent.content, query={"checksum": dependent.checksum})

    assert reply.status == 422
    assert reply.text.startswith("TDEPS contains 'core/glibc/../20240101000000'")


def test_the_answers_of_the_function_itself_have_sendable_headers(depot: Depot) -> None:
    origin = an_origin(depot)
    body = a_signing_pair(origin)[0].text
    path = f"/v1/depot/origins/{origin}/keys/1\r\nX-Evil: 1ключ"
    event = {
        "resource": "/depot/origins/{origin}/keys/{revision}",
        "path": path,
        "httpMethod": "POST",
        "headers": {"authorization": "Bearer bobo"},
        "multiValueHeaders": {"authorization": ["Bearer bobo"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"origin": origin, "revision": "1\r\nX-Evil: 1ключ"},
        "stageVariables": None,
        "requestContext": {
            "httpMethod": "POST",
            "path": path,
            "resourcePath": "/depot/origins/{origin}/keys/{revision}",
        },
        "body": body,
        "isBase64Encoded": False,
    }

    answer = app(event, None)

    assert answer["statusCode"] == 201
    assert_sendable(answer["headers"].items())
    assert answer["headers"]["Location"].endswith("keys/1%0D%0AX-Evil: 1%D0%BA%D0%BB%D1%8E%D1%87")
