"""How the front passes HTTP requests to the app (platform.md 1.1, 4.2, 4.6)."""

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.aws_limits import MAX_EVENT_BODY_BYTES
from tests.builders.wire import Wire
from tests.servers import Server

MIB = 1024 * 1024


@pytest.mark.parametrize("path", ["/health", "/v1/status", "/v1/status/"])
def test_the_status_paths_are_an_empty_200(wire: Wire, path: str) -> None:
    reply = wire.get(path)

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Type"] is None
    assert reply.headers["Content-Length"] == "0"


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /",
        "GET /nowhere",
        "GET /v1",
        "GET /v1/",
        "GET /v1/nowhere",
        "GET /v1/status//",
        "GET /v1//status",
        "GET /v1/echo//x",
        "GET /v1/echo/a/b/c",
        "GET /v2/status",
        "DELETE /v1/status",
        "OPTIONS /v1/status",
        "POST /health",
        "BREW /v1/status",
    ],
)
def test_an_unknown_path_or_method_is_an_empty_404(wire: Wire, request_line: str) -> None:
    wire.head(request_line)
    reply = wire.reply()

    assert (reply.status, reply.body) == (404, b"")
    assert reply.headers["Content-Type"] is None


@pytest.mark.parametrize(
    "segment", ["a%2Fb", "1.0+build", "100%25", "a%20b", "caf%C3%A9", "~tilde", "%zz", "a;b=c", "@:!"]
)
def test_path_variables_stay_encoded_as_the_client_sent_them(wire: Wire, segment: str) -> None:
    event = wire.get(f"/v1/echo/{segment}/x").json()

    assert event["pathParameters"] == {"first": segment, "second": "x"}
    assert event["variables"] == [segment, "x"]
    assert event["path"] == f"/echo/{segment}/x"
    assert event["requestContext"]["path"] == f"/v1/echo/{segment}/x"
    assert (event["resource"], event["requestContext"]["stage"]) == ("/echo/{first}/{second}", "$default")


def test_a_literal_segment_takes_precedence_over_a_variable(wire: Wire) -> None:
    assert wire.get("/v1/echo/literal/x").json() == {"literal": "x"}
    assert wire.get("/v1/echo/%6Citeral/x").json()["variables"] == ["%6Citeral", "x"]


def test_a_request_target_in_absolute_form_is_accepted(wire: Wire) -> None:
    assert wire.get("http://localhost/v1/echo/a/b").json()["path"] == "/echo/a/b"


def test_the_query_keeps_repeated_and_blank_values(wire: Wire) -> None:
    event = wire.get("/v1/echo/a/b?x=1&x=2&blank&empty=&plus=a+b&encoded=%26%C3%A9").json()

    assert event["multiValueQueryStringParameters"] == {
        "x": ["1", "2"],
        "blank": [""],
        "empty": [""],
        "plus": ["a b"],
        "encoded": ["&\u00e9"],
    }


def test_a_missing_query_is_none(wire: Wire) -> None:
    event = wire.get("/v1/echo/a/b").json()

    assert event["multiValueQueryStringParameters"] is None


@pytest.mark.parametrize("query", ["%ff=%fe", "a=%", "&&&", "=", "a=1;b=2", "x=" + "y" * 6000])
def test_an_unusual_query_is_accepted(wire: Wire, query: str) -> None:
    assert wire.get(f"/v1/echo/a/b?{query}").status == 200


@pytest.mark.parametrize(
    "header", ["X-Odd: \xe9\xff", "Authorization: Bearer \xfc", "X-Empty:", "X-Tab: a\tb", "User-Agent: \xa0"]
)
def test_an_unusual_header_is_accepted(wire: Wire, header: str) -> None:
    assert wire.get("/v1/echo/a/b", header).status == 200


@pytest.mark.parametrize("header", ["Broken", "X-Nul: a\0b", "Bad Name: x", "X-Huge: " + "x" * 20_000, ": nameless"])
def test_a_malformed_header_is_a_client_error(wire: Wire, header: str) -> None:
    assert 400 <= wire.get("/v1/echo/a/b", header).status < 500


def test_the_event_contains_method_source_address_and_headers(wire: Wire) -> None:
    event = wire.get("/v1/echo/a/b", "User-Agent: hab/1.6", "X-Custom: one", "Accept: */*").json()

    assert event["httpMethod"] == event["requestContext"]["httpMethod"] == "GET"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["requestContext"]["identity"]["userAgent"] == "hab/1.6"
    assert event["headers"]["x-custom"] == "one"
    assert event["multiValueHeaders"]["user-agent"] == ["hab/1.6"]
    assert event["isBase64Encoded"] is False


def test_a_connection_serves_many_requests(wire: Wire) -> None:
    for number in range(20):
        reply = wire.get(f"/v1/echo/{number}/x")
        assert reply.json()["variables"][0] == str(number)
        assert reply.headers["Connection"] is None


def test_connection_close_closes_the_connection(wire: Wire) -> None:
    reply = wire.get("/v1/status", "Connection: close")

    assert reply.headers["Connection"] == "close"
    assert wire.closed()


def test_pipelined_requests_are_answered_in_order_even_after_an_error(wire: Wire) -> None:
    wire.send(
        b"POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
        b"GET /v1/echo/second/x HTTP/1.1\r\nHost: x\r\n\r\n"
        b"GET /v1/nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
        b"GET /v1/echo/fourth/x HTTP/1.1\r\nHost: x\r\n\r\n"
    )

    assert wire.reply().status == 404
    assert wire.reply().json()["variables"][0] == "second"
    assert wire.reply().status == 404
    assert wire.reply().json()["variables"][0] == "fourth"


@pytest.mark.parametrize("sizes", [[5], [1, 1, 1], [70_000, 3], [MIB, MIB, 17]])
def test_a_chunked_body_is_received_completely(wire: Wire, sizes: list[int]) -> None:
    content = random.Random(7).randbytes(sum(sizes))
    wire.head("POST /v1/digest", "Transfer-Encoding: chunked")
    start = 0
    for size in sizes:
        wire.chunk(content[start : start + size])
        start += size
    wire.chunk(b"")

    assert wire.reply().json() == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "file": False}
    assert wire.get("/v1/status").status == 200


def test_a_body_is_binary_whatever_its_content_type(wire: Wire) -> None:
    content = bytes(range(256))
    wire.head("POST /v1/echo/a/b", "Content-Length: 256", "Content-Type: application/x-www-form-urlencoded")
    wire.send(content)
    event = wire.reply().json()

    assert event["body"].encode("latin-1") == content
    assert event["isBase64Encoded"] is True


def test_expect_100_continue_is_answered_before_the_body_is_sent(wire: Wire) -> None:
    wire.head("POST /v1/digest", "Content-Length: 3", "Expect: 100-continue")
    wire.wait_for_continue()
    wire.send(b"abc")

    assert wire.reply().json()["size"] == 3


@pytest.mark.parametrize("excess", [0, 1])
def test_an_archive_over_the_limit_of_an_event_is_passed_as_a_file(wire: Wire, excess: int) -> None:
    size = MAX_EVENT_BODY_BYTES + excess
    checksum = hashlib.sha256(bytes(size)).hexdigest()
    wire.head("POST /v1/digest", f"Content-Length: {size}")
    wire.send(bytes(size))

    assert wire.reply().json() == {"size": size, "sha256": checksum, "file": bool(excess)}


def test_a_large_body_is_not_held_in_memory(front: Server, wire: Wire) -> None:
    chunk, digest = random.Random(3).randbytes(MIB), hashlib.sha256()
    before = front.peak_memory()
    wire.head("POST /v1/digest", "Transfer-Encoding: chunked")
    for _ in range(64):
        wire.chunk(chunk)
        digest.update(chunk)
    wire.chunk(b"")

    assert wire.reply().json() == {"size": 64 * MIB, "sha256": digest.hexdigest(), "file": True}
    assert front.peak_memory() - before < 24 * MIB


@pytest.mark.parametrize("header", ["Content-Length: 9437184", "Transfer-Encoding: chunked"])
def test_a_body_over_the_limit_of_the_server_is_413_with_one_line(small_front: Server, header: str) -> None:
    with Wire(small_front.port) as wire:
        wire.head("POST /v1/digest", header)
        if header.startswith("Transfer"):
            for _ in range(3):
                wire.chunk(bytes(MIB))
            wire.chunk(b"")
        else:
            wire.send(bytes(9 * MIB))
        reply = wire.reply()

        assert reply.status == 413
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert len(reply.body.splitlines()) == 1
        assert reply.headers["Connection"] == "close"
        assert wire.closed()


@pytest.mark.parametrize("header", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_the_app_is_not_called_with_an_incomplete_body(front: Server, header: str) -> None:
    with Wire(front.port) as before:
        calls = before.get("/v1/count").json()
    with Wire(front.port) as wire:
        wire.head("POST /v1/count", header)
        wire.send(b"5\r\nhello\r\n")
        wire.stop_sending()
    with Wire(front.port) as after:
        assert after.get("/v1/count").json() == calls + 1


@pytest.mark.parametrize("chunks", [b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n", b"-1\r\n\r\n"])
def test_malformed_chunks_are_400(wire: Wire, chunks: bytes) -> None:
    wire.head("POST /v1/digest", "Transfer-Encoding: chunked")
    wire.send(chunks)
    reply = wire.reply()

    assert reply.status == 400
    assert reply.headers["Connection"] == "close"


@pytest.mark.parametrize(
    "headers", [["Content-Length: -1"], ["Content-Length: x"], ["Content-Length: 1", "Content-Length: 2"]]
)
def test_a_malformed_length_is_400(wire: Wire, headers: list[str]) -> None:
    wire.head("POST /v1/digest", *headers)

    assert wire.reply().status == 400


def test_a_body_with_a_length_and_in_chunks_is_400_and_hides_no_second_request(wire: Wire) -> None:
    wire.head("POST /v1/digest", "Content-Length: 4", "Transfer-Encoding: chunked")
    wire.send(b"0\r\n\r\nGET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert wire.reply().status == 400
    assert wire.closed()


def test_parallel_clients_get_their_own_answers(front: Server) -> None:
    def count_wrong_answers(number: int) -> int:
        wrong = 0
        with Wire(front.port) as wire:
            for turn in range(25):
                client = f"{number}-{turn}"
                content = b"x" * (turn * 1000)
                head = f"POST /v1/client/{client}?client={client}"
                wire.head(head, f"X-Client: {client}", f"Content-Length: {len(content)}")
                wire.send(content)
                expected = {"path": client, "query": client, "header": client, "size": len(content)}
                wrong += wire.reply().json() != expected
        return wrong

    with ThreadPoolExecutor(32) as clients:
        assert sum(clients.map(count_wrong_answers, range(32))) == 0


def test_a_hundred_parallel_connections_are_served(front: Server) -> None:
    wires = [Wire(front.port) for _ in range(100)]
    try:
        for wire in wires:
            wire.head("GET /v1/echo/a/b")
        assert {wire.reply().status for wire in wires} == {200}
    finally:
        for wire in wires:
            wire.close()


def test_an_http_1_0_request_is_answered_and_the_connection_closed(wire: Wire) -> None:
    wire.send(b"GET /v1/echo/a/b HTTP/1.0\r\n\r\n")
    reply = wire.reply()

    assert reply.json()["requestContext"]["http"]["protocol"] == "HTTP/1.0"
    assert reply.headers["Connection"] == "close"
    assert wire.closed()


def test_json_has_the_content_type_of_the_app(wire: Wire) -> None:
    reply = wire.get("/v1/echo/literal/x")

    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json() == {"literal": "x"}
