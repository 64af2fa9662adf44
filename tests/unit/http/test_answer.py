"""Answers (packages.md 1.2-1.4, accounts.md 1.1)."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.http.answer import EMPTY_200, NO_CACHE, attachment, empty, json_answer, text

HEADER_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("status", [200, 204, 401, 404, 500])
def test_an_empty_answer_has_no_bytes_and_no_content_type(status: int) -> None:
    answer = empty(status)

    assert (answer.status, answer.body, answer.sent_headers) == (status, b"", {})
    assert empty(200) == EMPTY_200


def test_a_text_is_plain_and_not_quoted() -> None:
    answer = text(422, "clé")

    assert answer.body == "clé".encode()
    assert answer.sent_headers == {"Content-Type": "text/plain; charset=utf-8"}


def test_json_is_compact_and_keeps_characters_and_order() -> None:
    answer = json_answer(200, {"b": ["é", None, True], "a": 1}, NO_CACHE)

    assert answer.body == '{"b":["é",null,true],"a":1}'.encode()
    assert answer.sent_headers == {**NO_CACHE, "Content-Type": "application/json"}


def test_a_key_file_has_the_headers_that_hab_and_the_web_ui_need() -> None:
    answer = attachment("acme-20240101000000.pub", "SIG-PUB-1")

    assert answer.sent_headers == {
        **NO_CACHE,
        "X-Filename": "acme-20240101000000.pub",
        "Content-Disposition": "attachment; filename*=ISO-8859-1''acme-20240101000000.pub",
        "Content-Type": "text/plain; charset=utf-8",
    }


@given(HEADER_TEXT)
def test_header_values_can_be_sent_whatever_text_they_hold(value: str) -> None:
    for sent in text(200, "", {"Location": value}).sent_headers.values():
        assert sent.isascii() and sent.isprintable()


@given(HEADER_TEXT)
def test_the_web_ui_finds_the_file_name_behind_two_quotes(name: str) -> None:
    disposition = attachment(name, "").sent_headers["Content-Disposition"]

    assert disposition.count("'") == 2
    assert unquote(disposition.split("''")[1]) == name
