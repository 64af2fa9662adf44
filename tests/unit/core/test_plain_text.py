"""Names and messages that can be shown as they are."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.plain_text import has_insecure_link, is_plain, is_plain_name


@pytest.mark.parametrize(
    "text", ["", "LTS-2024.1", "a b", "Ä", "ключ 🔑", "a/b", "नमस्ते", "می\u200cخواهم", "👩\u200d🚀", "x" * 9999]
)
def test_texts_of_all_languages_are_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "character",
    [
        *map(chr, range(0x20)),
        *map(chr, range(0x7F, 0xA0)),
        *"\u2028\u2029\u202a\u202e\u2066\u2069\u200e\ufeff",
        *"\u00ad\u180e\u200b\u2060\U000e0001\U000e0041",
        *"\ufffd\ufffe\uffff\ufdd0",
        "\ud800",
    ],
    ids=ascii,
)
def test_a_text_with_such_a_character_anywhere_is_not_plain(character: str) -> None:
    assert not any(map(is_plain, (character, f"a{character}", f"{character}a", f"a{character}b")))


@pytest.mark.parametrize("text", [".", "..", "a\u200b", "\ufffd"])
def test_dot_segments_and_texts_that_are_not_plain_are_not_names(text: str) -> None:
    assert not is_plain_name(text)


@pytest.mark.parametrize("text", ["...", ".a", "a.", "2.1.", "a b", "می\u200cخواهم"])
def test_other_plain_texts_are_names(text: str) -> None:
    assert is_plain_name(text)


@given(st.text(st.characters(codec="utf-8")))
def test_a_plain_text_is_one_line_without_control_characters(text: str) -> None:
    if is_plain(text):
        assert len(text.splitlines()) <= 1
        assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text)


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com",
        "see HTTP://example.com",
        "ftp://x",
        "ssh://x",
        "git+http://x",
        "javascript:alert(1)",
        "(JavaScript:alert(1))",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "mailto:a@b",
        "https://example.com and http://example.com",
        "xhttps://x",
    ],
)
def test_links_with_other_schemes_than_https_are_insecure(text: str) -> None:
    assert has_insecure_link(text)


@pytest.mark.parametrize(
    "text", ["", "see https://example.com/a?b=c:d", "Note: old", "data: lost", "1.0: broken", "HTTPS://x"]
)
def test_https_links_and_prose_are_not_insecure(text: str) -> None:
    assert not has_insecure_link(text)
