"""Web session tokens (accounts.md 3.1)."""

import base64
import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.tokens import session_token
from chalicelib.core.tokens.access_token import looks_like_access_token
from chalicelib.core.tokens.session_token import Provider, TokenUnreadable

EXAMPLE = "CJWCpu/HnoSRERIBNxgAIgV0b2stMQ=="
ACCOUNTS = st.integers(min_value=0, max_value=2**64 - 1)


def test_the_example_of_the_contract() -> None:
    assert session_token.issue(1234567890123456789, "7", Provider.GITHUB, b"tok-1") == EXAMPLE
    assert session_token.account_id_of(EXAMPLE) == 1234567890123456789


@given(ACCOUNTS, st.text(), st.sampled_from(Provider), st.binary(min_size=32, max_size=32))
def test_the_account_is_restored_and_the_token_is_not_an_access_token(
    account_id: int, extern_id: str, provider: Provider, secret: bytes
) -> None:
    token = session_token.issue(account_id, extern_id, provider, secret)

    assert session_token.account_id_of(token) == account_id
    assert token.isascii()
    assert not looks_like_access_token(token)
    assert secret in base64.b64decode(token)


def test_all_four_fields_are_written_even_if_zero() -> None:
    assert base64.b64decode(session_token.issue(0, "", Provider.GITHUB, b"")).hex() == "0800120018002200"


def test_the_numbers_of_the_providers() -> None:
    assert {provider.name: int(provider) for provider in Provider} == {
        "GITHUB": 0,
        "NONE": 1,
        "BITBUCKET": 2,
        "AZURE_AD": 3,
        "GITLAB": 4,
        "OKTA": 5,
        "ACTIVE_DIRECTORY": 6,
        "CHEF_AUTOMATE": 7,
    }
    assert base64.b64decode(session_token.issue(0, "", Provider.CHEF_AUTOMATE, b""))[4:6].hex() == "1807"


@pytest.mark.parametrize(
    "text",
    ["", "bobo", "_" + EXAMPLE, EXAMPLE + "\n", EXAMPLE.rstrip("="), EXAMPLE[:8], "EgE3GAAiBXRvay0x", "é", "\udc80"],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(TokenUnreadable):
        session_token.account_id_of(text)


@given(st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(TokenUnreadable):
        assert 0 <= session_token.account_id_of(text) < 2**64


@given(ACCOUNTS, st.integers(min_value=0), st.characters(codec="ascii"))
def test_a_changed_byte_is_refused_or_changes_the_fingerprint(account_id: int, at: int, character: str) -> None:
    token = session_token.issue(account_id, "7", Provider.GITHUB, bytes(range(32)))
    at %= len(token)
    changed = token[:at] + character + token[at + 1 :]
    if changed != token:
        with suppress(TokenUnreadable):
            session_token.account_id_of(changed)
            assert session_token.fingerprint(changed) != session_token.fingerprint(token)


def test_a_fingerprint_is_the_sha_512_of_the_token() -> None:
    assert session_token.fingerprint(EXAMPLE) == hashlib.sha512(EXAMPLE.encode()).hexdigest()
    assert session_token.fingerprint(EXAMPLE) != session_token.fingerprint(EXAMPLE.rstrip("="))
