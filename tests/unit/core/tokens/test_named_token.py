"""Named tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.tokens import access_token, named_token, session_token
from chalicelib.core.tokens.named_token import NamedTokenUnreadable, TokenReference, fingerprint, issue, reference_of

IDS = st.integers(0, 2**64 - 1)
SECRETS = st.binary(min_size=32, max_size=32)


@given(IDS, IDS, SECRETS)
def test_a_token_contains_the_ids_of_its_row(account_id: int, token_id: int, secret: bytes) -> None:
    assert reference_of(issue(TokenReference(account_id, token_id), secret)) == TokenReference(account_id, token_id)


@given(IDS, IDS, SECRETS, SECRETS)
def test_the_fingerprint_depends_on_the_secret(account_id: int, token_id: int, one: bytes, two: bytes) -> None:
    reference = TokenReference(account_id, token_id)

    assert (fingerprint(issue(reference, one)) == fingerprint(issue(reference, two))) == (one == two)


@given(IDS, IDS, SECRETS)
def test_a_token_is_neither_an_access_token_nor_a_session_token(account_id: int, token_id: int, secret: bytes) -> None:
    token = issue(TokenReference(account_id, token_id), secret)

    assert named_token.looks_like_named_token(token)
    assert not access_token.looks_like_access_token(token)
    with pytest.raises(session_token.TokenUnreadable):
        session_token.account_id_of(token)


@pytest.mark.parametrize("text", ["", "bldr_", "bldr_AAAA", "bldr_!", "bldr_ä", "x" * 69, "_AAAA", "bldr_" + "A" * 68])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(NamedTokenUnreadable):
        reference_of(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for candidate in (text, "bldr_" + text):
        try:
            reference_of(candidate)
        except NamedTokenUnreadable:
            continue
