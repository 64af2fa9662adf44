"""Canonical Base64 (accounts.md 3 and 7)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.strict_base64 import Base64Malformed, decoded, encoded


@given(st.binary())
def test_bytes_are_restored(raw: bytes) -> None:
    assert decoded(encoded(raw)) == raw


@pytest.mark.parametrize("text", ["QQ", "QQ=", "QQ===", "QR==", "QQ==\n", " QQ==", "Q Q==", "-_==", "QQ==QQ==", "ÄÖ=="])
def test_any_other_text_than_the_canonical_one_is_refused(text: str) -> None:
    with pytest.raises(Base64Malformed):
        decoded(text)


@given(st.text())
def test_any_text_is_canonical_or_refused(text: str) -> None:
    with suppress(Base64Malformed):
        assert encoded(decoded(text)) == text
