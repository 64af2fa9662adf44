"""What the front makes of requests on a real socket (platform.md 1.1, 4.2, 4.6)."""

import hashlib
import io
import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from local import bodies
from tests.builders.wire import Wire

MIB = 1024 * 1024


@pytest.mark.parametrize("path", ["/health", "/v1/status", "/v1/status/"])
def test_it_is_up_and_says_nothing_else(wire, path):
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
def test_an_unknown_path_or_method_is_404_without_a_byte(wire, request_line):
    wire.head(request_line)
    reply = wire.reply()

    assert (reply.status, reply.body) == (404, b"")
    assert reply.headers["Content-Type"] is None


@pytest.mark.parametrize(
    "segment", ["a%2Fb", "1.0+build", "100%25", "a%20b", "caf%C3%A9", "~tilde", "%zz", "a;b=c", "@:!"]
)
def test_path_variables_arrive_as_the_client_encoded_them(wire, segment):
    event = wire.get(f"/v1/echo/{segment}/x").json()

    assert event["pathParameters"] == {"first": segment, "second": "x"}
    assert event["variables"] == [segment, "x"]
    assert event["path"] == f"/echo/{segment}/x"
    assert event["requestContext"]["path"] == f"/v1/echo/{segment}/x"
    assert (event["resource"], event["requestContext"]["stage"]) == ("/echo/{first}/{second}", "v1")


def test_a_literal_wins_and_gives_way_where_it_leads_nowhere(wire):
    assert wire.get("/v1/echo/literal/x").json() == {"literal": "x"}
    assert wire.get("/v1/echo/%6Citeral/x").json()["variables"] == ["%6Citeral", "x"]


def test_a_target_in_absolute_form_is_the_same_request(wire):
    assert wire.get("http://localhost/v1/echo/a/b").json()["path"] == "/echo/a/b"


def test_the_query_keeps_repeated_and_blank_values(wire):
    event = wire.get("/v1/echo/a/b?x=1&x=2&blank&empty=&plus=a+b&encoded=%26%C3%A9").json()

    assert event["multiValueQueryStringParameters"] == {
        "x": ["1", "2"],
        "blank": [""],
        "empty": [""],
        "plus": ["a b"],
        "encoded": ["&\u00e9"],
    }
    assert event["queryStringParameters"]["x"] == "2"


def test_no_query_is_none(wire):
    event = wire.get("/v1/echo/a/b").json()

    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None


@pytest.mark.parametrize("query", ["%ff=%fe", "a=%", "&&&", "=", "a=1;b=2", "x=" + "y" * 6000])
def test_an_odd_query_is_no_server_error(wire, query):
    assert wire.get(f"/v1/echo/a/b?{query}").status == 200


@pytest.mark.parametrize(
    "header", ["X-Odd: \xe9\xff", "Authorization: Bearer \xfc", "X-Empty:", "X-Tab: a\tb", "User-Agent: \xa0"]
)
def test_an_odd_header_is_no_server_error(wire, header):
    assert wire.get("/v1/echo/a/b", header).status == 200


@pytest.mark.parametrize("header", ["Broken", "X-Nul: a\0b", "Bad Name: x", "X-Huge: " + "x" * 20_000, ": nameless"])
def test_a_malformed_header_is_the_clients_error(wire, header):
    assert 400 <= wire.get("/v1/echo/a/b", header).status < 500


def test_the_event_tells_who_asks_and_how(wire):
    event = wire.get("/v1/echo/a/b", "User-Agent: hab/1.6", "X-Custom: one", "Accept: */*").json()

    assert event["httpMethod"] == event["requestContext"]["httpMethod"] == "GET"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["requestContext"]["identity"]["userAgent"] == "hab/1.6"
    assert event["headers"]["x-custom"] == "one"
    assert event["multiValueHeaders"]["user-agent"] == ["hab/1.6"]
    assert event["isBase64Encoded"] is False


def test_one_connection_serves_many_requests(wire):
    for number in range(20):
        reply = wire.get(f"/v1/echo/{number}/x")
        assert reply.json()["variables"][0] == str(number)
        assert reply.headers["Connection"] == "keep-alive"


def test_a_client_that_wants_to_close_is_told_so_and_closed_on(wire):
    reply = wire.get("/v1/status", "Connection: close")

    assert reply.headers["Connection"] == "close"
    assert wire.closed()


def test_pipelined_requests_are_answered_in_order_also_behind_an_error(wire):
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
def test_chunked_bodies_arrive_whole(wire, sizes):
    content = random.Random(7).randbytes(sum(sizes))
    wire.head("POST /v1/digest", "Transfer-Encoding: chunked")
    at = 0
    for size in sizes:
        wire.chunk(content[at : at + size])
        at += size
    wire.chunk(b"")

    assert wire.reply().json() == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "file": False}
    assert wire.get("/v1/status").status == 200


def test_a_body_is_binary_whatever_it_is_called(wire):
    content = bytes(range(256))
    wire.head("POST /v1/echo/a/b", "Content-Length: 256", "Content-Type: application/x-www-form-urlencoded")
    wire.send(content)
    event = wire.reply().json()

    assert event["body"].encode("latin-1") == content
    assert event["isBase64Encoded"] is True


def test_a_client_may_wait_for_leave_to_send_its_body(wire):
    wire.head("POST /v1/digest", "Content-Length: 3", "Expect: 100-continue")
    assert wire._socket.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    wire.send(b"abc")

    assert wire.reply().json()["size"] == 3


@pytest.mark.parametrize("over", [0, 1])
def test_a_body_over_the_gateways_limit_comes_as_a_file(wire, over):
    size = 6 * MIB + over
    wire.head("POST /v1/digest", f"Content-Length: {size}")
    wire.send(bytes(size))

    assert wire.reply().json() == {"size": size, "sha256": hashlib.sha256(bytes(size)).hexdigest(), "file": bool(over)}


def test_a_large_upload_does_not_stay_in_memory(front, wire):
    piece, digest = random.Random(3).randbytes(MIB), hashlib.sha256()
    before = front.peak_memory()
    wire.head("POST /v1/digest", "Transfer-Encoding: chunked")
    for _ in range(64):
        wire.chunk(piece)
        digest.update(piece)
    wire.chunk(b"")

    assert wire.reply().json() == {"size": 64 * MIB, "sha256": digest.hexdigest(), "file": True}
    assert front.peak_memory() - before < 24 * MIB


@pytest.mark.parametrize("headers", [["Content-Length: 1073741825"], ["Transfer-Encoding: chunked"]])
def test_a_body_over_the_limit_is_refused_in_one_line(small_front, headers):
    with Wire(small_front.port) as wire:
        wire.head("POST /v1/digest", *headers)
        if headers[0].startswith("Transfer"):
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


@pytest.mark.parametrize("headers", [["Content-Length: 100"], ["Transfer-Encoding: chunked"]])
def test_a_client_that_breaks_off_never_reaches_the_app(front, headers):
    with Wire(front.port) as before:
        calls = before.get("/v1/count").json()
    with Wire(front.port) as wire:
        wire.head("POST /v1/count", *headers)
        wire.send(b"5\r\nhello\r\n")
        wire.break_off()
    with Wire(front.port) as after:
        assert after.get("/v1/count").json() == calls + 1


@pytest.mark.parametrize("chunks", [b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n", b"-1\r\n\r\n"])
def test_malformed_chunks_are_the_clients_error(wire, chunks):
    wire.head("POST /v1/digest", "Transfer-Encoding: chunked")
    wire.send(chunks)
    reply = wire.reply()

    assert reply.status == 400
    assert reply.headers["Connection"] == "close"


@pytest.mark.parametrize(
    "headers", [["Content-Length: -1"], ["Content-Length: x"], ["Content-Length: 1", "Content-Length: 2"]]
)
def test_a_malformed_length_is_the_clients_error(wire, headers):
    wire.head("POST /v1/digest", *headers)

    assert wire.reply().status == 400


def test_everybody_gets_their_own_answer(front):
    def ask(client: int) -> int:
        wrong = 0
        with Wire(front.port) as wire:
            for turn in range(25):
                who = f"{client}-{turn}"
                content = b"x" * (turn * 1000)
                wire.head(f"POST /v1/mine/{who}?who={who}", f"X-Who: {who}", f"Content-Length: {len(content)}")
                wire.send(content)
                expected = {"who": who, "query": who, "header": who, "size": len(content)}
                wrong += wire.reply().json() != expected
        return wrong

    with ThreadPoolExecutor(32) as clients:
        assert sum(clients.map(ask, range(32))) == 0


def test_a_hundred_connections_at_once_are_served(front):
    wires = [Wire(front.port) for _ in range(100)]
    try:
        for wire in wires:
            wire.head("GET /v1/echo/a/b")
        assert {wire.reply().status for wire in wires} == {200}
    finally:
        for wire in wires:
            wire.__exit__()


def test_connections_opened_ahead_of_need_keep_nobody_waiting(narrow_front):
    # two threads that waited 5 s for each of these, as gunicorn has it, would exceed the time limit of a Wire
    idle = [Wire(narrow_front.port) for _ in range(60)]
    try:
        with Wire(narrow_front.port) as wire:
            assert wire.get("/v1/status").status == 200
        assert {wire.get("/v1/status").status for wire in idle} == {200}
    finally:
        for wire in idle:
            wire.__exit__()


def test_a_client_of_the_old_protocol_is_answered_and_closed_on(wire):
    wire.send(b"GET /v1/echo/a/b HTTP/1.0\r\n\r\n")
    reply = wire.reply()

    assert reply.json()["requestContext"]["protocol"] == "HTTP/1.0"
    assert reply.headers["Connection"] == "close"
    assert wire.closed()


def test_a_client_that_falls_silent_is_given_up():
    class Silent(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise TimeoutError

    with pytest.raises(bodies.BodyCutOff):
        bodies.receive({"CONTENT_LENGTH": "9", "wsgi.input": Silent()})


def test_json_is_what_the_app_said(wire):
    reply = wire.get("/v1/echo/literal/x")

    assert reply.headers["Content-Type"] == "application/json"
    assert json.loads(reply.body) == {"literal": "x"}
