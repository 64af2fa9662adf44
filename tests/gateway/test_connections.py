"""Clients that are slow, silent, refused or malformed, and what they cost others (platform.md 4.4, U6)."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.builders.gateway import Gateway, a_gateway
from tests.builders.raw_server import AcceptingApi, RawRequest, RawServer, raw_server, response, send_until_refused
from tests.builders.uploads import MIB
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import Reply, Wire

UPLOAD = "POST /v1/depot/pkgs/demo/tool/1.0/20240101000000?target=x86_64-linux&checksum="
CHECKSUM_OF_ABC = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"
CHUNKED = "Transfer-Encoding: chunked"
TOKEN = "Authorization: Bearer bobo"
TOO_LONG = "The headers are too long."


def echo(request: RawRequest) -> bytes:
    """Respond with the request's line and headers."""
    lines = [request.line, *(f"{name}: {value}" for name, value in request.headers)]
    return response("200 OK", "\n".join(lines).encode("latin-1"))


@pytest.fixture(scope="module")
def api() -> Iterator[RawServer]:
    """An API that accepts uploads."""
    with raw_server(AcceptingApi()) as server:
        yield server


@pytest.fixture(scope="module")
def echoing() -> Iterator[RawServer]:
    """An API that echoes requests."""
    with raw_server(echo) as server:
        yield server


@pytest.fixture(scope="module")
def patient(api: RawServer) -> Iterator[Gateway]:
    """A gateway that runs one upload at a time."""
    with a_gateway(api.url, BLDR_GATEWAY_UPLOADS="1") as gateway:
        yield gateway


@pytest.fixture(scope="module")
def hasty(echoing: RawServer) -> Iterator[Gateway]:
    """A gateway that waits 1 s for silent clients, and takes archives of at most 1 MiB."""
    with a_gateway(echoing.url, BLDR_GATEWAY_SILENCE="1", BLDR_GATEWAY_LARGEST=str(MIB)) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def gateway(echoing: RawServer) -> Iterator[Gateway]:
    """A gateway with the default limits."""
    with a_gateway(echoing.url) as running:
        yield running


def upload(gateway: Gateway) -> Reply:
    """Upload an archive of three bytes."""
    with gateway.wire() as wire:
        wire.head(UPLOAD + CHECKSUM_OF_ABC, CHUNKED, TOKEN)
        wire.chunk(b"abc")
        wire.chunk(b"")
        return wire.reply(to="POST")


def reply_to(gateway: Gateway, *pieces: bytes) -> Reply:
    """Send bytes and return the response."""
    with gateway.wire() as wire:
        wire.send(*pieces)
        return wire.reply()


def half_sent(gateway: Gateway, connections: ExitStack, *headers: str) -> Wire:
    """Return a connection on which an upload has begun and stopped in the middle of its body."""
    wire = connections.enter_context(gateway.wire())
    wire.head(UPLOAD + CHECKSUM_OF_ABC, CHUNKED, *headers)
    wire.chunk(b"a")
    return wire


def test_refused_uploads_that_are_half_sent_do_not_delay_others(patient: Gateway) -> None:
    with ExitStack() as connections:
        refused = [half_sent(patient, connections) for _ in range(24)]

        assert [wire.reply(to="POST").status for wire in refused] == [401] * 24
        assert upload(patient).status == 201


def test_uploads_that_are_half_sent_with_a_token_do_not_delay_others(api: RawServer) -> None:
    with a_gateway(api.url) as gateway, ExitStack() as connections:
        known = len(api.received)
        for _ in range(100):
            half_sent(gateway, connections, TOKEN)
        assert until(lambda: len(api.received) == known + 100)

        assert upload(gateway).status == 201


def test_an_upload_that_waits_too_long_for_others_is_503(api: RawServer) -> None:
    settings = {"BLDR_GATEWAY_UPLOADS": "1", "BLDR_GATEWAY_SILENCE": "2"}
    with a_gateway(api.url, **settings) as gateway, ExitStack() as connections:
        known = len(api.received)
        busy = half_sent(gateway, connections, TOKEN)
        assert until(lambda: len(api.received) == known + 1)
        waiting = half_sent(gateway, connections, TOKEN)
        assert until(lambda: len(api.received) == known + 2)

        def is_answered() -> bool:
            busy.chunk(bytes(64 * 1024))
            return waiting.has_reply()

        assert until(is_answered)
        reply = waiting.reply(to="POST")
        assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
        assert "1 other uploads are running" in gateway.log


def test_a_refused_client_may_send_its_whole_body_first(patient: Gateway) -> None:
    with patient.wire() as wire:
        wire.head(UPLOAD, CHUNKED)
        for _ in range(30):
            wire.chunk(bytes(MIB))
        wire.chunk(b"")

        assert wire.reply(to="POST").status == 401
        assert wire.closed()


def test_a_refused_client_that_does_not_stop_is_disconnected(hasty: Gateway) -> None:
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=PATIENCE) as connection:
        connection.sendall(f"{UPLOAD} HTTP/1.1\r\nHost: h\r\n{CHUNKED}\r\n\r\n".encode())

        sent = send_until_refused(connection, b"10000\r\n%s\r\n" % bytes(65_536), 200 * MIB)
        assert sent < 100 * MIB, "the largest archive, and what the sockets buffer"


@pytest.mark.parametrize("body", [b"", b"abc"], ids=["no byte", "some bytes"])
def test_a_silent_body_is_408(hasty: Gateway, body: bytes) -> None:
    reply = reply_to(hasty, b"POST /v1/status HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n", body)

    assert (reply.status, reply.body) == (408, b"The request body did not arrive in time.")


@pytest.mark.parametrize("request_line", ["POST /v1/status", UPLOAD])
def test_a_client_that_sends_a_byte_now_and_then_is_disconnected(hasty: Gateway, request_line: str) -> None:
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=0.1) as connection:
        connection.sendall(f"{request_line} HTTP/1.1\r\nHost: h\r\n{CHUNKED}\r\n\r\n".encode())

        def is_disconnected() -> bool:
            return send_until_refused(connection, b"1\r\na\r\n", 1) == 0

        assert until(is_disconnected)


def test_a_connection_without_a_request_is_closed(hasty: Gateway) -> None:
    with hasty.wire() as wire:
        assert wire.closed()


@pytest.mark.parametrize("earlier", [b"", b"GET /v1/status HTTP/1.1\r\nHost: h\r\n\r\n"], ids=["first", "second"])
def test_headers_that_do_not_arrive_are_408(hasty: Gateway, earlier: bytes) -> None:
    with hasty.wire() as wire:
        if earlier:
            wire.send(earlier)
            wire.reply()
        wire.send(b"GET /v1/sta")

        assert wire.reply().status == 408
        assert wire.closed()


def test_a_client_that_does_not_read_is_disconnected(hasty: Gateway, echoing: RawServer) -> None:
    echoing.respond = lambda _: response("200 OK", bytes(64 * MIB))
    try:
        with hasty.wire() as wire:
            wire.head("GET /v1/large")
            assert until(lambda: "a client does not read" in hasty.log)
    finally:
        echoing.respond = echo


@pytest.mark.parametrize(
    ("body", "sent"), [("", b""), ("Content-Length: 3\r\n", b"abc")], ids=["without a body", "with a body"]
)
def test_a_client_that_closes_its_side_after_the_request_gets_the_response(
    gateway: Gateway, body: str, sent: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as connection:
        connection.sendall(f"POST /v1/status HTTP/1.1\r\nHost: h\r\n{body}\r\n".encode() + sent)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65_536):
            received += piece

    assert received.startswith(b"HTTP/1.1 200 OK")


def test_http_1_0_with_expect_gets_no_interim_response(gateway: Gateway) -> None:
    with gateway.wire() as wire:
        wire.send(b"POST /v1/status HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        wire.send(b"abc")

        assert wire.receive(65_536).startswith(b"HTTP/1.1 200 OK")


def test_blanks_around_header_values_are_removed(gateway: Gateway) -> None:
    reply = reply_to(gateway, b"GET /v1/status HTTP/1.1\r\nHost: h \r\nX-Blanks: \t a b \t \r\nX-Empty:  \r\n\r\n")

    assert reply.status == 200
    assert {b"x-blanks: a b", b"x-empty: "} <= set(reply.body.split(b"\n"))


def test_trailers_do_not_become_headers(gateway: Gateway) -> None:
    head = b"POST /v1/status HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    reply = reply_to(gateway, head + b"3;name=value\r\nabc\r\n0\r\nAuthorization: Bearer mallory\r\n\r\n")

    assert reply.status == 200
    assert b"mallory" not in reply.body


def test_headers_of_the_connection_are_not_forwarded(gateway: Gateway) -> None:
    with gateway.wire() as wire:
        wire.head("GET /v1/status", "Connection: X-Mine", "X-Mine: 1", "TE: trailers", "Keep-Alive: 5", "X-Other: 2")
        forwarded = wire.reply().body

    assert b"x-other: 2" in forwarded
    assert not any(name in forwarded for name in (b"x-mine", b"te:", b"keep-alive", b"connection: x"))


MALFORMED: dict[str, bytes] = {
    "length and chunked": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc",
    "an unknown coding": b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\nabc",
    "a bare line feed": b"GET / HTTP/1.1\nHost: h\n\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n",
    "a control character": b"GET / HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n",
    "a blank before the colon": b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
    "bytes beyond ASCII in the target": b"GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n",
    "a tunnel": b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_request_is_400_and_ends_the_connection(gateway: Gateway, case: str) -> None:
    with gateway.wire() as wire:
        wire.send(MALFORMED[case])

        assert wire.reply().status == 400
        assert wire.closed()


def test_transfer_codings_other_than_chunked_are_501(gateway: Gateway) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"

    assert reply_to(gateway, head, b"3\r\nabc\r\n0\r\n\r\n").status == 501
    assert "501 an unsupported transfer coding" in gateway.log


ENDLESS: dict[str, bytes] = {
    "header": b"GET / HTTP/1.1\r\nA: ",
    "headers": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000,
    "target": b"GET /",
    "trailer": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ",
    "chunk extension": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;",
}


@pytest.mark.parametrize("case", ENDLESS)
def test_endless_framing_is_431(gateway: Gateway, case: str) -> None:
    reply = reply_to(gateway, ENDLESS[case], b"a" * 300_000)

    assert (reply.status, reply.body.decode()) == (431, TOO_LONG)


def test_absolute_targets_are_forwarded_and_the_asterisk_is_404(gateway: Gateway) -> None:
    assert reply_to(gateway, b"GET http://h/v1/a%2Fb?x=%20 HTTP/1.1\r\nHost: h\r\n\r\n").body.startswith(
        b"GET /v1/a%2Fb?x=%20\n"
    )
    assert reply_to(gateway, b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").status == 404


def test_pipelined_requests_are_answered_in_order_and_only_so_many(gateway: Gateway) -> None:
    with gateway.wire() as wire:
        wire.send(b"".join(b"GET /v1/%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(20)))
        lines = [wire.reply().body.split(b"\n")[0] for _ in range(20)]

    assert lines == [b"GET /v1/%d" % number for number in range(20)]
    assert reply_to(gateway, b"GET /v1/status HTTP/1.1\r\nHost: h\r\n\r\n" * 200).status == 429


def test_an_upgrade_is_ignored(gateway: Gateway) -> None:
    with gateway.wire() as wire:
        wire.head("GET /v1/status", "Connection: Upgrade", "Upgrade: h2c")

        reply = wire.reply()
        assert (reply.status, reply.headers["Connection"]) == (200, "close")
        assert b"upgrade" not in reply.body
