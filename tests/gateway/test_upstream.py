"""An API and an object store that fail or answer oddly, and what the client and the log get (platform.md 4.4, U6)."""

from collections.abc import Iterator

import httpx
import pytest

from tests.builders.gateway import Gateway, a_gateway
from tests.builders.raw_server import AcceptingApi, RawRequest, RawServer, raw_server, response
from tests.builders.uploads import MIB
from tests.builders.wire import Reply

UPLOAD = "/v1/depot/pkgs/demo/tool/1.0/20240101000000"
QUERY = {"target": "x86_64-linux", "checksum": "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"}


@pytest.fixture(scope="module")
def api() -> Iterator[RawServer]:
    """An API whose responses each test sets."""
    with raw_server(AcceptingApi()) as server:
        yield server


@pytest.fixture(scope="module")
def gateway(api: RawServer) -> Iterator[Gateway]:
    """A gateway in front of it."""
    with a_gateway(api.url) as running:
        yield running


def upload(gateway: Gateway) -> httpx.Response:
    """Upload an archive of three bytes."""
    return gateway.http.post(UPLOAD, params=QUERY, content=b"abc")


def answers(api: RawServer, content: bytes) -> None:
    """Let the API answer every request with the same bytes."""
    api.respond = lambda _: content


class ClosesFirst:
    """An API that closes the connection of the first request named `target`, as a server does with an idle one."""

    def __init__(self) -> None:
        self.requests = 0

    def __call__(self, request: RawRequest) -> bytes:
        """Return nothing for the first request."""
        self.requests += 1
        return b"" if self.requests == 1 else response("200 OK", b"second")


def test_a_request_that_may_be_repeated_is_repeated_when_the_api_closes_the_connection(
    gateway: Gateway, api: RawServer
) -> None:
    api.respond = closes = ClosesFirst()

    assert gateway.http.get("/v1/status").text == "second"
    assert closes.requests == 2


def test_a_request_that_may_have_been_carried_out_is_not_repeated(gateway: Gateway, api: RawServer) -> None:
    api.respond = closes = ClosesFirst()

    assert gateway.http.post("/v1/depot/origins", json={"name": "x"}).status_code == 502
    assert closes.requests == 1
    assert "ERROR gateway POST /v1/depot: 502 POST /v1/depot: RemoteProtocolError" in gateway.log


def test_a_completion_whose_response_is_lost_is_repeated(gateway: Gateway, api: RawServer) -> None:
    accepting = AcceptingApi()
    lost: list[RawRequest] = []

    def respond(request: RawRequest) -> bytes:
        if request.line.endswith("/complete") and not lost:
            lost.append(request)
            return b""
        return accepting(request)

    api.respond = respond

    assert upload(gateway).status_code == 201
    assert lost


@pytest.mark.parametrize(
    ("request_name", "answer", "status", "cause"),
    [
        ("POST uploads", response("503 Service Unavailable"), 503, "503 the API answered 503"),
        ("POST uploads", b"not HTTP\r\n\r\n", 502, "502 POST /v1/depot/uploads: RemoteProtocolError"),
        ("POST uploads", response("201 Created", b"not JSON"), 502, "description of the upload is incomplete"),
        ("POST uploads", response("201 Created", b"{}"), 502, "description of the upload is incomplete"),
        ("PUT 1", response("403 Forbidden"), 502, "502 PUT of part 1: the object store answered 403"),
        ("PUT 1", response("500 Internal Server Error"), 502, "502 PUT of part 1: the object store answered 500"),
        ("PUT 1", b"", 502, "502 PUT of part 1: RemoteProtocolError"),
        ("POST complete", response("502 Bad Gateway"), 502, "502 the API answered 502"),
        ("POST complete", b"", 502, "502 POST /v1/depot/uploads/1/complete: RemoteProtocolError"),
    ],
)
def test_a_failed_upload_leaves_its_cause_in_the_log_without_secrets(
    gateway: Gateway, api: RawServer, request_name: str, answer: bytes, status: int, cause: str
) -> None:
    api.respond = accepting = AcceptingApi()
    accepting.overridden[request_name] = answer
    before = len(gateway.log)

    assert upload(gateway).status_code == status
    logged = gateway.log[before:]
    assert f"ERROR gateway POST /v1/depot: {status}" in logged
    assert cause in logged
    assert not any(secret in logged for secret in ("bobo", "signature"))


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", "GET /v1/authenticate: RemoteProtocolError"),
        (b"HTTP/1.1 nonsense\r\n\r\n", "GET /v1/authenticate: RemoteProtocolError"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "GET /v1/authenticate: RemoteProtocolError"),
        (response("200 OK", b"", "X-Odd: a\x01b"), "the API sent a header with a control character"),
    ],
)
def test_a_failed_request_leaves_its_cause_in_the_log_without_its_path(
    gateway: Gateway, api: RawServer, answer: bytes, cause: str
) -> None:
    answers(api, answer)
    before = len(gateway.log)

    assert gateway.http.get("/v1/authenticate/secret-code").status_code == 502
    assert f"ERROR gateway GET /v1/authenticate: 502 {cause}" in gateway.log[before:]
    assert "secret-code" not in gateway.log


def test_a_5xx_of_the_api_is_forwarded_and_logged(gateway: Gateway, api: RawServer) -> None:
    answers(api, response("503 Service Unavailable", b"", "Retry-After: 1"))
    before = len(gateway.log)
    reply = gateway.http.get("/v1/status")

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
    assert "GET /v1/status: the API answered 503\n" in gateway.log[before:]


@pytest.mark.parametrize("header", ["X-Request-Id", "x-amzn-RequestId"], ids=["of the API", "of API Gateway"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/status"), ("POST", UPLOAD)])
def test_a_5xx_of_the_api_is_logged_with_the_id_of_its_request(
    gateway: Gateway, api: RawServer, header: str, method: str, path: str
) -> None:
    answers(api, response("503 Service Unavailable", b"", f"{header}: 0a-1b"))
    before = len(gateway.log)

    assert gateway.http.request(method, path, params=QUERY).status_code == 503
    assert "the API answered 503 (request 0a-1b)\n" in gateway.log[before:]


def test_a_refusal_of_the_object_store_is_logged_with_the_id_of_its_request(gateway: Gateway, api: RawServer) -> None:
    api.respond = accepting = AcceptingApi()
    accepting.overridden["PUT 1"] = response("403 Forbidden", b"", "x-amz-request-id: 7F")
    before = len(gateway.log)

    assert upload(gateway).status_code == 502
    assert "the object store answered 403 (request 7F)\n" in gateway.log[before:]


def test_a_request_id_that_is_not_one_is_left_out_of_the_log(gateway: Gateway, api: RawServer) -> None:
    answers(api, response("503 Service Unavailable", b"", "X-Request-Id: ERROR gateway forged"))
    before = len(gateway.log)
    gateway.http.get("/v1/status")

    assert "the API answered 503\n" in gateway.log[before:]


def test_a_response_that_ends_early_is_truncated_for_the_client_and_logged(gateway: Gateway, api: RawServer) -> None:
    truncated = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nabc"
    closing = iter([truncated])
    api.respond = lambda _: next(closing)
    before = len(gateway.log)

    with pytest.raises(httpx.RemoteProtocolError):
        gateway.http.get("/v1/status")
    assert "GET /v1/status: the response of the API ended early: RemoteProtocolError" in gateway.log[before:]


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + response("200 OK", b"final"), 200, b"final"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b""),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", 200, b"abc"),
        (b"HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nContent-Length: 0\r\n\r\n", 200, b""),
    ],
    ids=["interim", "304 with a length", "204 with a length", "chunked with a trailer", "hop by hop"],
)
def test_a_legal_but_rare_response_is_forwarded(
    gateway: Gateway, api: RawServer, answer: bytes, status: int, body: bytes
) -> None:
    answers(api, answer)
    with gateway.wire() as wire:
        wire.head("GET /v1/status")
        reply = wire.reply()
        wire.head("GET /v1/status")
        second: Reply = wire.reply()

    assert (reply.status, reply.body) == (status, body)
    assert second.status == status, "the connection is still in step"
    assert reply.headers["X-Mine"] is None


def test_a_response_before_the_api_has_read_the_body_is_forwarded(gateway: Gateway, api: RawServer) -> None:
    api.reads_bodies_first = False
    answers(api, response("413 Content Too Large", b"early", "Connection: close"))
    try:
        reply = gateway.http.post("/v1/depot/origins", content=bytes(9 * MIB))
    finally:
        api.reads_bodies_first = True

    assert (reply.status_code, reply.text) == (413, "early")
