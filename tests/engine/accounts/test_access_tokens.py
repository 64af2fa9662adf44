"""Validity and storage of personal access tokens (accounts.md 3.2)."""

import time

import pytest

from chalicelib.accounts.access_tokens import service
from chalicelib.accounts.errors import AccountMissing
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.tokens import access_token
from chalicelib.core.tokens.access_token import AccessTokenClaims
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import identify
from chalicelib.identity.errors import TokenRefused
from chalicelib.identity.registration import find_or_create
from chalicelib.platform.change import Change
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import read
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")

NEVER = 8210266876799
NEVER_IN_OLD_TOKENS = 8210298326400


def a_session(flags: int = 0) -> Session:
    name = a_name("user")
    return Session(find_or_create(name, "x@example.com"), name, SessionFlags(flags))


def store(session: Session, token: str, flags: int = 0, expires: int = NEVER) -> None:
    """Store a token that the service did not generate itself."""
    key = account_rows.access_token_key(session.account_id)
    row = account_rows.AccessTokenRow(
        key.pk,
        key.sk,
        id=1,
        name=session.name,
        flags=flags,
        expires=expires,
        fingerprint=access_token.fingerprint(token),
        nonce=access_token.nonce_of(token),
        key_revision=access_token.key_revision_of(token),
        created_at="2024-08-05T12:01:28.123456",
    )
    with Change() as change:
        change.put(row)


def issue(session: Session, flags: int = 0, expires: int = NEVER) -> str:
    token = access_token.issue(AccessTokenClaims(session.account_id, flags, expires), key_ring())
    store(session, token, flags, expires)
    return token


def test_the_text_of_a_token_is_not_stored() -> None:
    session = a_session()
    token = service.generate_access_token(session).text

    row = read(account_rows.access_token_key(session.account_id))
    assert row is not None
    stored = str(row.serialize())
    assert token.strip("_=") not in stored
    assert str(access_token._box(token).ciphertext) not in stored


@pytest.mark.parametrize("flags", [0, 1, 3, 7])
def test_a_token_inherits_the_flags_of_the_session_that_generates_it(flags: int) -> None:
    session = a_session(flags)

    token = service.generate_access_token(session)

    claims = access_token.read(token.text, key_ring())
    assert claims == AccessTokenClaims(session.account_id, flags, NEVER)
    assert identify(f"Bearer {token.text}").session == session
    assert service.access_token_of(session.account_id) == token


@pytest.mark.parametrize("expires", [NEVER, NEVER_IN_OLD_TOKENS])
def test_tokens_that_never_expire_are_valid_and_can_be_shown(expires: int) -> None:
    session = a_session()
    token = issue(session, expires=expires)

    assert identify(f"Bearer {token}").require_session().account_id == session.account_id
    shown = service.access_token_of(session.account_id)
    assert shown is not None
    assert shown.text == token


@pytest.mark.parametrize("offset", [-2, -3600])
def test_an_expired_token_is_refused(offset: int) -> None:
    token = issue(a_session(), expires=int(time.time()) + offset)

    with pytest.raises(TokenRefused):
        identify(f"Bearer {token}")


@pytest.mark.parametrize("expires", [NEVER + 1, NEVER_IN_OLD_TOKENS - 1, 2**62])
def test_an_expiry_beyond_the_calendar_is_refused(expires: int) -> None:
    token = issue(a_session(), expires=expires)

    with pytest.raises(TokenRefused):
        identify(f"Bearer {token}")


def test_unknown_flags_are_masked() -> None:
    session = a_session()
    token = issue(session, flags=0xFFFFFFFF)

    assert identify(f"Bearer {token}").require_session().flags == SessionFlags(7)


def test_a_token_that_is_not_the_stored_one_is_refused() -> None:
    session = a_session()
    other = access_token.issue(AccessTokenClaims(session.account_id, 0), key_ring())
    issue(session)

    with pytest.raises(TokenRefused):
        identify(f"Bearer {other}").settle()


def test_the_build_service_needs_no_row_and_passes_every_role_check() -> None:
    claims = AccessTokenClaims(0, 7, int(time.time()) + 7200)
    token = access_token.issue(claims, key_ring())

    session = identify(f"Bearer {token}").require_session()

    assert (session.account_id, session.name, session.is_builder) == (0, "BUILDER", True)


def test_the_build_service_cannot_generate_a_token_that_never_expires() -> None:
    with pytest.raises(AccountMissing):
        service.generate_access_token(Session(0, "BUILDER", SessionFlags(7)))


def test_a_token_that_its_row_does_not_rebuild_is_not_shown() -> None:
    session = a_session()
    issue(session)
    with Change() as change:
        change.update(account_rows.access_token_key(session.account_id), [account_rows.AccessTokenRow.flags.set(7)])

    with pytest.raises(access_token.TokenUnreadable):
        service.access_token_of(session.account_id)
