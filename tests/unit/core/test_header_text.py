"""Whatever clients call their things, headers keep their line and can be sent (core/header_text.py)."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.core.header_text import in_header, in_parameter, in_quotes
from chalicelib.http.answer import Answer, attachment, text

ANYTHING = some.text(some.characters(codec=None) | some.sampled_from("\r\n\0\t\x7f\"\\\x85\u2028%;'é€\ud800"))
WHOLE = some.text(some.characters(codec="utf-8") | some.sampled_from("\r\n\0\"\\'é€"))


@given(ANYTHING)
def test_a_value_is_printable_ascii(wild):
    for value in (in_header(wild), in_quotes(wild), in_parameter(wild)):
        assert value.isascii()
        assert value.isprintable()


@given(WHOLE)
def test_it_can_be_read_back_where_nothing_was_encoded_before(wild):
    plain = wild.replace("%", "")

    assert unquote(in_header(plain)) == unquote(in_quotes(plain)) == plain
    assert unquote(in_parameter(wild)) == wild


@given(ANYTHING)
def test_quotes_do_not_end_early(wild):
    assert not set('"\\') & set(in_quotes(wild))
    assert not set("\"\\';, ()*") & set(in_parameter(wild))


@pytest.mark.parametrize("usual", ["core-tool-1.0+b~1-20240101000000.sig.key", "/v1/x?a=%2F&b=1", "a b", ""])
def test_what_is_usual_stays_as_it_is(usual):
    assert in_header(usual) == usual


@given(ANYTHING)
def test_an_answer_sends_only_such_values(wild):
    key = attachment(wild.replace("\ud800", ""), "").sent_headers

    for headers in (text(201, "", {"Location": wild}).sent_headers, key):
        assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert key["Content-Disposition"].count("'") == 2


def test_a_body_without_a_type_has_none():
    assert Answer(200).sent_headers == {}
    assert text(200, "x").sent_headers == {"Content-Type": "text/plain; charset=utf-8"}
