"""Requests that the front refuses before it has received their body, and the limits of AWS (platform.md 1.8, 4.1)."""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.asgi import AsgiFront
from local.aws_limits import MAX_EVENT_BODY_BYTES, response_problem
from local.front import Front
from local.http_messages import HttpRequest
from tests.builders.wire import Wire

MIB = 1024 * 1024


@pytest.mark.parametrize("request_line", ["POST /v1/nowhere", "POST /nowhere", "DELETE /v1/status", "PUT /artifacts/x"])
@pytest.mark.parametrize("header", ["Content-Length: 100000000", "Transfer-Encoding: chunked"])
def test_an_unknown_path_is_404_before_its_body_arrives(wire: Wire, request_line: str, header: str) -> None:
    wire.head(request_line, header)
    reply = wire.reply()

    assert (reply.status, reply.body, reply.headers["Connection"]) == (404, b"", "close")


def test_an_invalid_token_for_an_unknown_path_is_refused_before_the_body_arrives(wire: Wire) -> None:
    wire.head("POST /v1/nowhere", "Content-Length: 100000000", "Authorization: Bearer x")

    assert wire.reply().status == 401


@pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/client/x"])
def test_the_answer_reaches_a_client_that_sends_its_whole_body_first(wire: Wire, path: str) -> None:
    wire.head(f"POST {path}", f"Content-Length: {32 * MIB}")
    for _ in range(32):
        wire.send(bytes(MIB))

    assert wire.reply().status == (404 if path == "/v1/nowhere" else 413)
    assert wire.closed()


def test_a_refused_client_that_waits_for_100_continue_is_not_asked_for_the_body(wire: Wire) -> None:
    wire.head("POST /v1/nowhere", "Content-Length: 100000000", "Expect: 100-continue")

    assert wire.reply().status == 404
    assert wire.closed()


def test_a_small_body_for_an_unknown_path_keeps_the_connection(wire: Wire) -> None:
    wire.head("POST /v1/nowhere", "Content-Length: 5")
    wire.send(b"hello")

    assert wire.reply().headers["Connection"] is None
    assert wire.get("/v1/status").status == 200


def test_the_body_of_an_unknown_path_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[object] = []
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: stored.append("file"))

    assert answered("POST", "/v1/nowhere", [bytes(MIB)] * 3) == 404
    assert stored == []


@pytest.mark.parametrize("excess", [0, 1])
def test_a_body_that_does_not_fit_into_an_event_is_413(wire: Wire, excess: int) -> None:
    size = MAX_EVENT_BODY_BYTES + excess
    wire.head("POST /v1/client/x?client=x", f"Content-Length: {size}", "X-Client: x")
    wire.send(bytes(size))
    reply = wire.reply()

    assert reply.status == (413 if excess else 200)
    assert not excess or str(MAX_EVENT_BODY_BYTES) in reply.body.decode()


@pytest.mark.parametrize(("size", "status"), [(6_000_000, 200), (6_291_556, 502)])
def test_an_answer_that_lambda_would_not_return_is_an_empty_502(wire: Wire, size: int, status: int) -> None:
    reply = wire.get(f"/v1/large/{size}")

    assert (reply.status, len(reply.body)) == (status, size if status == 200 else 0)


def test_an_answer_with_more_headers_than_api_gateway_sends_is_502(wire: Wire) -> None:
    assert wire.get("/v1/header/10000").status == 200
    assert wire.get("/v1/header/10240").status == 502


@pytest.mark.parametrize("body", ["\x00" * 1_100_000, '"' * 3_200_000, "x" * 6_300_000])
def test_the_size_of_an_answer_is_that_of_its_json(body: str) -> None:
    assert "Lambda" in (response_problem({"statusCode": 200, "headers": {}, "body": body}) or "")
    assert response_problem({"statusCode": 200, "headers": {}, "body": body[: len(body) * 9 // 10]}) is None


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/v1/status?" + "x" * 8_200, [], 414),
        ("/v1/status?" + "x" * 20_000, [], 414),
        ("/v1/status?" + "x" * 70_000, [], 414),
        ("/v1/status", ["X-Long: " + "x" * 10_240], 431),
        ("/v1/status", ["X-Long: " + "x" * 70_000], 431),
        ("/v1/status", [f"X-{number}: {'x' * 100}" for number in range(110)], 431),
        ("/v1/status?" + "x" * 5_000, ["X-Long: " + "x" * 5_300], 431),
        ("/v1/status", ["X-Long: " + "x" * 9_000], 200),
    ],
)
def test_request_line_and_headers_have_the_limits_of_api_gateway(
    wire: Wire, target: str, headers: list[str], status: int
) -> None:
    wire.head(f"GET {target}", *headers)
    reply = wire.reply()

    assert (reply.status, reply.body) == (status, b"")


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", b"GET\r\n\r\n", b"\r\n\r\nx y\r\n\r\n"]
)
def test_what_is_not_http_is_an_empty_400(wire: Wire, garbage: bytes) -> None:
    wire.send(garbage)
    reply = wire.reply()

    assert (reply.status, reply.body, reply.headers["Connection"]) == (400, b"", "close")
    assert wire.closed()


def answered(method: str, path: str, chunks: list[bytes]) -> int:
    """Send a request to a front without a socket and return the status."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"transfer-encoding", b"chunked")],
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
    }
    with ThreadPoolExecutor(1) as threads:
        asyncio.run(AsgiFront(Front(LargeAnswer()), threads)(scope, receive, send))
    return int(sent[0]["status"])


class LargeAnswer:
    """An app with one route, whose answer is larger than Lambda returns."""

    def __init__(self) -> None:
        self.routes = {"/large": {"GET": None}}

    def __call__(self, event: dict[str, Any], _context: Any) -> dict[str, Any]:
        is_known = event["rawPath"] == "/v1/large"
        return {"statusCode": 200 if is_known else 404, "headers": {}, "body": "x" * 7_000_000 if is_known else ""}


def test_the_log_says_which_limit_an_answer_exceeds(caplog: pytest.LogCaptureFixture) -> None:
    assert Front(LargeAnswer()).respond(HttpRequest("GET", "/v1/large")).status == 502

    assert "GET /large: it has 7000" in caplog.text
