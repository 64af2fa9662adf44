"""Texts of clients in HTTP headers: any text becomes printable ASCII on one line."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.header_text import as_file_name, in_header, in_parameter, in_quotes
from chalicelib.http.answer import Answer, attachment, text

ANYTHING = st.text(st.characters(codec=None) | st.sampled_from("\r\n\0\t\x7f\"\\\x85\u2028%;'é€\ud800"))
WITHOUT_SURROGATES = st.text(st.characters(codec="utf-8") | st.sampled_from("\r\n\0\"\\'é€"))


@given(ANYTHING)
def test_a_value_is_printable_ascii(text_of_client: str) -> None:
    for value in (in_header(text_of_client), in_quotes(text_of_client), in_parameter(text_of_client)):
        assert value.isascii()
        assert value.isprintable()


@given(WITHOUT_SURROGATES)
def test_percent_decoding_restores_the_text(text_of_client: str) -> None:
    plain = text_of_client.replace("%", "")

    assert unquote(in_header(plain)) == unquote(in_quotes(plain)) == plain
    assert unquote(in_parameter(text_of_client)) == text_of_client


@given(ANYTHING)
def test_quotes_do_not_end_early(text_of_client: str) -> None:
    assert not set('"\\') & set(in_quotes(text_of_client))
    assert not set("\"\\';, ()*") & set(in_parameter(text_of_client))


@given(ANYTHING)
def test_a_file_name_has_no_path_separator(text_of_client: str) -> None:
    name = as_file_name(text_of_client)

    assert not set("/\\") & set(name)
    assert name.isascii() and name.isprintable()


@pytest.mark.parametrize("common", ["core-tool-1.0+b~1-20240101000000.sig.key", "/v1/x?a=%2F&b=1", "a b", ""])
def test_common_texts_stay_unchanged(common: str) -> None:
    assert in_header(common) == common


@given(ANYTHING)
def test_answers_escape_the_values_of_their_headers(text_of_client: str) -> None:
    key = attachment(text_of_client.replace("\ud800", ""), "").sent_headers

    for headers in (text(201, "", {"Location": text_of_client}).sent_headers, key):
        assert all(value.isascii() and value.isprintable() for value in headers.values())
    assert key["Content-Disposition"].count("'") == 2


def test_an_answer_without_a_type_has_no_content_type() -> None:
    assert Answer(200).sent_headers == {}
    assert text(200, "x").sent_headers == {"Content-Type": "text/plain; charset=utf-8"}
