"""Answers of other services: as JSON, and within their time."""

import socket
import threading
import time

import pytest

from chalicelib.platform.outbound import OutboundRequest, OutboundResponse, Unreachable, Unreadable, send
from tests.builders.waiting import PATIENCE


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b"{", b"\xff", b'{"a":NaN}', b'{"a":1e999}', b'{"a":[-1e400]}', b"[" * 100_000]
)
def test_an_answer_that_is_not_a_json_object_with_finite_numbers_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        OutboundResponse(200, body).json_object()


def test_a_json_object_is_read() -> None:
    assert OutboundResponse(200, b' {"a":[1.5,"\xc3\xa9"]} ').json_object() == {"a": [1.5, "é"]}


@pytest.mark.parametrize("beginning", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["headers", "body"])
def test_the_connection_to_a_service_that_never_ends_its_answer_is_ended(beginning: bytes) -> None:
    """The service sees the end of the connection; otherwise each request would occupy a thread for ever."""
    ended = threading.Event()

    def drip(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client:
            client.recv(65_536)
            client.sendall(beginning)
            try:
                while True:
                    client.sendall(b"a")
                    time.sleep(0.01)
            except OSError:
                ended.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        request = OutboundRequest("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/", {})
        with pytest.raises(Unreachable):
            send(request, 0.2)

        assert ended.wait(PATIENCE)
