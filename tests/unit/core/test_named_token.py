"""Texts of named tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import access_token, named_token, session_token
from chalicelib.core.named_token import NamedTokenUnreadable, TokenReference, fingerprint, issue, reference_of

IDS = st.integers(0, 2**64 - 1)
SECRETS = st.binary(min_size=32, max_size=32)


@given(IDS, IDS, SECRETS)
def test_a_token_tells_where_its_row_stands(account_id, token_id, secret):
    assert reference_of(issue(TokenReference(account_id, token_id), secret)) == TokenReference(account_id, token_id)


@given(IDS, IDS, SECRETS, SECRETS)
def test_the_fingerprint_is_of_the_whole_token(account_id, token_id, one, two):
    place = TokenReference(account_id, token_id)

    assert (fingerprint(issue(place, one)) == fingerprint(issue(place, two))) == (one == two)


@given(IDS, IDS, SECRETS)
def test_a_token_is_taken_for_nothing_else(account_id, token_id, secret):
    token = issue(TokenReference(account_id, token_id), secret)

    assert named_token.looks_like_named_token(token)
    assert not access_token.looks_like_access_token(token)
    with pytest.raises(session_token.TokenUnreadable):
        session_token.account_id_of(token)


@pytest.mark.parametrize("text", ["", "bldr_", "bldr_AAAA", "bldr_!", "bldr_ä", "x" * 69, "_AAAA", "bldr_" + "A" * 68])
def test_other_texts_are_refused(text):
    with pytest.raises(NamedTokenUnreadable):
        reference_of(text)


@given(st.text())
def test_no_text_does_worse_than_be_refused(text):
    for candidate in (text, "bldr_" + text):
        try:
            reference_of(candidate)
        except NamedTokenUnreadable:
            continue
