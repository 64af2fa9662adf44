"""Requests: retries, one-line errors, and where the token is sent."""

from pathlib import Path

import pytest

from bldr.address import Address
from bldr.config import Credentials
from bldr.errors import RequestRefused, Unreachable
from bldr.files import FileSlice
from bldr.http_transport import HttpTransport, Request
from tests.bldr.builders import respond_in_turn
from tests.bldr.command_line import FAST_RETRIES
from tests.builders.http_double import HttpDouble, Scripted, http_double

TOKEN = "_c2VjcmV0"
LOOK_UP = Request("GET", ("x",), "look up x")


@pytest.fixture
def transport(double: HttpDouble) -> HttpTransport:
    """A transport with a token to the scripted server."""
    return HttpTransport(Credentials(Address.parse(double.url), TOKEN), FAST_RETRIES)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_retry_sends_the_whole_body_again(
    double: HttpDouble, transport: HttpTransport, tmp_path: Path, status: int
) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"0123456789")
    advances: list[int] = []
    respond_in_turn(double, Scripted(status), Scripted(status), Scripted(201))

    with FileSlice(path, 2, 5, advances.append) as body:
        transport.send(Request("POST", ("x",), "send x", body=body, accept=(201,)))

    assert [request.body for request in double.received] == [b"23456"] * 3
    assert double.received[0].headers["Content-Length"] == "5"
    assert sum(advances) == 5


def test_the_last_status_is_raised_when_retries_are_used_up(double: HttpDouble, transport: HttpTransport) -> None:
    respond_in_turn(double, *[Scripted(503)] * 3)

    with pytest.raises(RequestRefused, match="has an internal problem; try again later") as caught:
        transport.send(LOOK_UP)
    assert caught.value.status == 503


def test_a_request_that_is_not_idempotent_is_sent_once(double: HttpDouble, transport: HttpTransport) -> None:
    respond_in_turn(double, Scripted(503), Scripted(201))

    with pytest.raises(RequestRefused):
        transport.send(Request("POST", ("x",), "create x", accept=(201,), is_idempotent=False))
    assert len(double.received) == 1


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, "", "does not accept the token"),
        (403, "", "does not allow this"),
        (404, "", "does not have it"),
        (413, "", "does not accept a body of this size"),
        (422, "ds:up:3", "refuses it (422: ds:up:3)"),
        (422, "\x1b[2Jcleared", "\\x1b[2Jcleared"),
        (501, "", "does not serve this target"),
    ],
)
def test_an_error_status_becomes_one_printable_line(
    double: HttpDouble, transport: HttpTransport, status: int, body: str, message: str
) -> None:
    respond_in_turn(double, *[Scripted(status, body.encode())] * 3)

    with pytest.raises(RequestRefused) as caught:
        transport.send(LOOK_UP)

    line = str(caught.value)
    assert line.startswith("cannot look up x: 127.0.0.1:")
    assert message in line
    assert line.isprintable()
    assert TOKEN not in line


def test_an_html_page_is_not_quoted(double: HttpDouble, transport: HttpTransport) -> None:
    respond_in_turn(double, Scripted(403, b"<html>long</html>", {"Content-Type": "text/html"}))

    with pytest.raises(RequestRefused, match=r"\(403\)$"):
        transport.send(LOOK_UP)


def test_the_message_for_401_without_a_token_asks_for_one(double: HttpDouble) -> None:
    transport = HttpTransport(Credentials(Address.parse(double.url), None), FAST_RETRIES)
    respond_in_turn(double, Scripted(401))

    with pytest.raises(RequestRefused, match="needs a token"):
        transport.send(LOOK_UP)
    assert "Authorization" not in double.received[0].headers


def test_the_message_for_a_refused_connection_names_the_cause() -> None:
    transport = HttpTransport(Credentials(Address.parse("http://127.0.0.1:9"), TOKEN), FAST_RETRIES)

    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 does not respond .*refused") as caught:
        transport.send(LOOK_UP)
    assert TOKEN not in str(caught.value)


def test_the_token_is_not_sent_to_redirect_targets_and_signed_urls(
    double: HttpDouble, transport: HttpTransport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with http_double() as object_store:
        object_store.answers("GET", "/object", body=b"bytes")
        object_store.answers("PUT", "/part")
        double.answers("GET", "/v1/x", status=302, headers={"Location": f"{object_store.url}/object"})

        assert transport.send(LOOK_UP).content == b"bytes"
        transport.put_to_signed_url(f"{object_store.url}/part", b"part")

        assert double.received[0].headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str([request.headers for request in object_store.received])
        assert "Authorization" not in object_store.received[1].headers


def test_the_user_agent_is_one_that_front_proxies_know(double: HttpDouble, transport: HttpTransport) -> None:
    respond_in_turn(double, Scripted(200))
    transport.send(LOOK_UP)

    assert double.received[0].headers["User-Agent"].startswith("habitat-builder-cli/")
