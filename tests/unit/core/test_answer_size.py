"""The size of answers as a function returns them (platform.md 4.1)."""

import base64
import json
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import encode

from chalicelib.core.answer_size import (
    BODY_LIMIT,
    PLANNED_LIMIT,
    SENT_LIMIT,
    are_planned,
    binary_size,
    fits,
    is_planned,
    text_size,
)

LAMBDA_LIMIT = 6_291_556


@given(st.text())
def test_a_text_has_the_size_of_its_json_string(text: str) -> None:
    body = text.encode(errors="replace")

    assert text_size(body) == len(json.dumps(body.decode()))


@given(st.binary())
def test_a_binary_body_has_the_size_of_its_base64(body: bytes) -> None:
    assert binary_size(body) == len(base64.b64encode(body))


@pytest.mark.parametrize("character", ["x", '"', "\\", "\x01", "é", "\u2028", "\U0001f600"])
def test_what_fits_passes_the_limit_of_a_function(character: str) -> None:
    body = character.encode()
    largest = bisect_left(range(BODY_LIMIT + 2), True, key=lambda count: not fits(body * count, is_text=True)) - 1

    assert len(json.dumps({"body": character * largest, "headers": {"x": "y" * 10_240}})) <= LAMBDA_LIMIT
    assert not fits(body * (largest + 1), is_text=True)


def test_a_planned_text_fits() -> None:
    assert is_planned(b"x" * (PLANNED_LIMIT - 2))
    assert not is_planned(b"x" * (PLANNED_LIMIT - 1))
    assert fits(b"x" * PLANNED_LIMIT, is_text=True)


@pytest.mark.parametrize("character", ["x", '"', "\\", "\x01", "é", "\u2028", "\U0001f600"])
def test_texts_are_planned_if_their_json_is(character: str) -> None:
    for count in (PLANNED_LIMIT // 13, PLANNED_LIMIT // 7, PLANNED_LIMIT // 3, PLANNED_LIMIT // 2, PLANNED_LIMIT):
        texts = (character * count, "x")
        assert are_planned(*texts) == (text_size(encode(texts)) <= PLANNED_LIMIT)


def test_a_binary_body_is_limited_with_its_base64() -> None:
    assert fits(b"x" * (SENT_LIMIT // 4 * 3), is_text=False)
    assert not fits(b"x" * (SENT_LIMIT // 4 * 3 + 1), is_text=False)
