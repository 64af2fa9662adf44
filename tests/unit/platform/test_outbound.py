"""Answers of other services as JSON."""

import pytest

from chalicelib.platform.outbound import OutboundResponse, Unreadable


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b"{", b"\xff", b'{"a":NaN}', b'{"a":1e999}', b'{"a":[-1e400]}', b"[" * 100_000]
)
def test_an_answer_that_is_not_a_json_object_with_finite_numbers_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        OutboundResponse(200, body).json_object()


def test_a_json_object_is_read() -> None:
    assert OutboundResponse(200, b' {"a":[1.5,"\xc3\xa9"]} ').json_object() == {"a": [1.5, "é"]}
