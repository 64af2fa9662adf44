"""How the front sends the app's answers (platform.md 1.2, 1.3, 4.6)."""

import pytest

from tests.builders.wire import Wire


@pytest.mark.parametrize("status", [200, 201, 302, 404, 500, 599])
def test_an_empty_answer_has_length_zero_and_no_content_type(wire: Wire, status: int) -> None:
    reply = wire.get(f"/v1/answer/{status}")

    assert (reply.status, reply.body) == (status, b"")
    assert reply.headers["Content-Length"] == "0"
    assert reply.headers["Content-Type"] is None


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_cannot_have_a_body_has_no_length(wire: Wire, status: int) -> None:
    reply = wire.get(f"/v1/answer/{status}")

    assert (reply.status, reply.body) == (status, b"")
    assert reply.headers["Content-Length"] is None
    assert wire.get("/v1/status").status == 200


def test_binary_content_and_repeated_headers_are_sent_unchanged(wire: Wire) -> None:
    reply = wire.get("/v1/binary")

    assert reply.body == bytes(range(256))
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers.get_all("X-Several") == ["a", "b"]


def test_the_answer_to_head_has_the_length_but_no_body(wire: Wire) -> None:
    wire.head("HEAD /v1/binary")
    reply = wire.reply(to="HEAD")

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Length"] == "256"
    assert wire.get("/v1/status").status == 200


def test_a_header_with_other_characters_than_latin_1_is_sent_as_utf_8(wire: Wire) -> None:
    assert wire.get("/v1/answer/200").headers["X-Text"].encode("latin-1").decode() == "caf\u00e9 \u4e16"


def test_an_exception_of_the_app_is_an_empty_500_and_the_connection_stays_open(wire: Wire) -> None:
    reply = wire.get("/v1/broken")

    assert (reply.status, reply.body) == (500, b"")
    assert wire.get("/v1/status").status == 200
