"""Clients of other machines get URLs of the front for the parts of an upload, which it passes on to the store."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from app import app
from local.front import Front
from local.http_messages import HttpAnswer, HttpRequest
from local.part_uploads import PartUploads, is_loopback
from tests.servers import wsgi_server

STORE = "http://127.0.0.1:9000"
QUERY = "partNumber=1&uploadId=abc&X-Amz-Signature=def"
URL = f"{STORE}/bucket/_staging/1.hart?{QUERY}"
PART = f"/parts/bucket/_staging/1.hart?{QUERY}"


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"host": "depot.example:9636"}, "http://depot.example:9636"),
        ({"host": "depot.example", "x-forwarded-proto": "https"}, "https://depot.example"),
        ({"host": "depot.example", "x-forwarded-proto": "javascript"}, "http://depot.example"),
        ({"host": "192.0.2.7:9636"}, "http://192.0.2.7:9636"),
        ({"host": "[2001:db8::1]:9636"}, "http://[2001:db8::1]:9636"),
    ],
)
def test_a_client_of_another_machine_gets_urls_of_the_front(headers: dict[str, str], shown: str) -> None:
    answer = HttpAnswer(200, [], f'{{"url":"{URL}"}}'.encode())
    request = HttpRequest("POST", "/v1/depot/uploads", headers)

    assert PartUploads(STORE, "bucket").shown(answer, request).body == f'{{"url":"{shown}{PART}"}}'.encode()


def test_a_malformed_host_is_not_an_error() -> None:
    for body in (b"", URL.encode()):
        request = HttpRequest("POST", "/", {"host": "[::1"})
        assert PartUploads(STORE, "bucket").shown(HttpAnswer(200, [], body), request).status == 200


@pytest.mark.parametrize("host", ["localhost:9636", "127.0.0.1:9636", "[::1]:9636"])
def test_a_client_on_this_machine_gets_urls_of_the_store(host: str) -> None:
    answer = HttpAnswer(200, [], URL.encode())
    assert PartUploads(STORE, "bucket").shown(answer, HttpRequest("POST", "/", {"host": host})) is answer


@pytest.mark.parametrize(("host", "expected"), [("localhost", True), ("127.9.9.9", True), ("::1", True), (None, False)])
def test_loopback_hosts(host: str | None, expected: bool) -> None:
    assert is_loopback(host) is expected
    assert not is_loopback("store.example")


@pytest.fixture
def store() -> Iterator[tuple[str, list[Any]]]:
    """A store that notes the requests that reach it."""
    received: list[Any] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        received.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], body))
        received.append(environ["HTTP_HOST"])
        start_response("200 OK", [("ETag", '"part"'), ("Server", "store"), ("Content-Length", "0")])
        return [b""]

    with wsgi_server(application) as url:
        yield url, received


def test_a_part_reaches_the_store_as_it_was_signed(store: tuple[str, list[Any]]) -> None:
    url, received = store
    front = Front(app, parts=PartUploads(url, "bucket"))

    answer = front.respond(HttpRequest("PUT", PART), b"content")

    assert (answer.status, answer.header("etag"), answer.header("server")) == (200, '"part"', None)
    assert received == [("PUT", "/bucket/_staging/1.hart", QUERY, b"content"), url.removeprefix("http://")]


@pytest.mark.parametrize(
    "target",
    [
        "/parts/bucket/core/a.hart?" + QUERY,
        "/parts/other/_staging/1.hart?" + QUERY,
        "/parts/bucket/_staging/\xe9.hart?" + QUERY,
        PART.partition("&X-Amz")[0],
    ],
)
def test_nothing_but_signed_parts_reaches_the_store(store: tuple[str, list[Any]], target: str) -> None:
    url, received = store
    assert Front(app, parts=PartUploads(url, "bucket")).respond(HttpRequest("PUT", target), b"").status == 403
    assert received == []


def test_a_store_that_does_not_answer_is_a_bad_gateway() -> None:
    parts = PartUploads("http://127.0.0.1:9", "bucket")
    assert parts.store(HttpRequest("PUT", PART), BytesIO(b"content")).status == 502


def test_without_a_store_of_its_own_the_front_takes_no_parts() -> None:
    assert Front(app).respond(HttpRequest("PUT", PART), b"").status == 404
