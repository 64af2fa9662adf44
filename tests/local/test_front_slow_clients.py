"""Clients that send or read slowly, or only a part, neither block other clients nor stay forever (platform.md 1.8)."""

from http.client import IncompleteRead
from typing import Any

import pytest

from tests.builders.waiting import until
from tests.builders.wire import Wire, unfinished
from tests.servers import BUCKET, Server

HALVES = {
    "no byte": b"",
    "half a request line": b"GET /v1/sta",
    "half a header": b"GET /v1/status HTTP/1.1\r\nHost: loc",
    "headers without their end": b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n",
    "half a body": b"POST /v1/digest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345",
    "half a chunk": b"POST /v1/digest HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "no body for an unknown path": b"POST /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n",
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_requests_that_are_sent_in_part_do_not_block_other_clients(two_thread_front: Server, half: bytes) -> None:
    """The front has two threads. Each half of a request would occupy one until the timeout of the Wire."""
    with unfinished(two_thread_front.port, half, number=60), Wire(two_thread_front.port) as wire:
        assert wire.get("/v1/status").status == 200


def test_idle_connections_are_served_when_they_send_a_request(two_thread_front: Server) -> None:
    idle = [Wire(two_thread_front.port) for _ in range(60)]
    try:
        assert {wire.get("/v1/status").status for wire in idle} == {200}
    finally:
        for wire in idle:
            wire.close()


@pytest.mark.parametrize("half", ["no byte", "half a request line", "half a header", "headers without their end"])
def test_a_connection_without_a_complete_request_is_closed(impatient_front: Server, half: str) -> None:
    with Wire(impatient_front.port) as wire:
        wire.send(HALVES[half])

        assert wire.closed()


def test_a_second_request_on_a_connection_has_the_same_time_limit(impatient_front: Server) -> None:
    with Wire(impatient_front.port) as wire:
        assert wire.get("/v1/status").status == 200
        wire.send(HALVES["half a header"])

        assert wire.closed()


@pytest.mark.parametrize("half", ["half a body", "half a chunk"])
def test_a_body_that_does_not_arrive_is_408(impatient_front: Server, half: str) -> None:
    with Wire(impatient_front.port) as wire:
        wire.send(HALVES[half])
        reply = wire.reply()

        assert (reply.status, reply.body, reply.headers["Connection"]) == (408, b"", "close")
        assert wire.closed()


def test_a_download_that_the_client_does_not_read_is_ended(impatient_front: Server, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="unread", Body=bytes(32 << 20))
    s3.put_object(Bucket=BUCKET, Key="small", Body=b"0123456789")
    with Wire(impatient_front.port) as wire:
        assert wire.get("/v1/stored/small").status == 200
        before = impatient_front.open_files()
        wire.head("GET /v1/stored/unread")
        wire.receive(1)

        assert until(lambda: impatient_front.open_files() < before)


def test_downloads_that_clients_do_not_read_occupy_no_thread_of_the_engine(
    front_of_narrow_engine: tuple[Server, Any],
) -> None:
    front, s3 = front_of_narrow_engine
    s3.put_object(Bucket=BUCKET, Key="unread", Body=bytes(16 << 20))
    s3.put_object(Bucket=BUCKET, Key="small", Body=b"0123456789")
    unread = [Wire(front.port) for _ in range(4)]
    try:
        for download in unread:
            download.head("GET /v1/stored/unread")
        for download in unread:
            download.receive(1)

        with Wire(front.port) as wire:
            assert wire.get("/v1/stored/small").status == 200
    finally:
        for download in unread:
            download.close()


def test_a_download_fails_if_its_object_changes_meanwhile(front: Server, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="changing", Body=bytes(16 << 20))
    with Wire(front.port) as wire:
        wire.head("GET /v1/stored/changing")
        assert until(wire.has_reply)
        s3.put_object(Bucket=BUCKET, Key="changing", Body=b"x" * (16 << 20))

        with pytest.raises(IncompleteRead):
            wire.reply()


def test_the_answer_reaches_a_client_that_closes_its_side_after_the_request(wire: Wire) -> None:
    wire.send(b"GET /v1/echo/a/b HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/echo/c/d HTTP/1.1\r\nHost: x\r\n\r\n")
    wire.half_close()

    assert [wire.reply().json()["path"] for _ in range(2)] == ["/echo/a/b", "/echo/c/d"]
    assert wire.closed()
