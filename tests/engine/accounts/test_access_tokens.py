"""What makes a personal access token valid, and what of it is kept (accounts.md 3.2)."""

import time

import pytest

from chalicelib.accounts.access_tokens import service
from chalicelib.accounts.errors import AccountMissing
from chalicelib.core import access_token
from chalicelib.core.access_token import AccessTokenClaims
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
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
NEVER_ONCE = 8210298326400


def _session(flags: int = 0) -> Session:
    name = a_name("user")
    return Session(find_or_create(name, "x@example.com"), name, SessionFlags(flags))


def _stored(session: Session, token: str, flags: int = 0, expires: int = NEVER) -> None:
    """Store a token as another server may have issued it."""
    key = account_rows.access_token_key(session.account_id)
    change = Change()
    change.put(
        account_rows.AccessTokenRow(
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
    )
    change.commit()


def _issued(session: Session, flags: int = 0, expires: int = NEVER) -> str:
    token = access_token.issue(AccessTokenClaims(session.account_id, flags, expires), key_ring())
    _stored(session, token, flags, expires)
    return token


def test_nothing_of_a_token_is_kept() -> None:
    session = _session()
    token = service.generate_access_token(session).text

    kept = str(read(account_rows.access_token_key(session.account_id)).serialize())

    box = access_token._box(token)
    assert token.strip("_=") not in kept
    assert str(box.ciphertext) not in kept


@pytest.mark.parametrize("flags", [0, 1, 3, 7])
def test_a_token_inherits_the_flags_of_the_session_that_asks_for_it(flags: int) -> None:
    session = _session(flags)

    token = service.generate_access_token(session)

    claims = access_token.read(token.text, key_ring())
    assert claims == AccessTokenClaims(session.account_id, flags, NEVER)
    assert identify(f"Bearer {token.text}").session == session
    assert service.access_token_of(session.account_id) == token


@pytest.mark.parametrize("expires", [NEVER, NEVER_ONCE])
def test_tokens_that_never_end_are_valid_and_can_be_shown(expires: int) -> None:
    session = _session()
    token = _issued(session, expires=expires)

    assert identify(f"Bearer {token}").require_session().account_id == session.account_id
    assert service.access_token_of(session.account_id).text == token


@pytest.mark.parametrize("offset", [-2, -3600])
def test_a_token_past_its_end_is_refused(offset: int) -> None:
    token = _issued(_session(), expires=int(time.time()) + offset)

    with pytest.raises(TokenRefused):
        identify(f"Bearer {token}")


@pytest.mark.parametrize("expires", [NEVER + 1, NEVER_ONCE - 1, 2**62])
def test_an_end_beyond_any_calendar_is_refused(expires: int) -> None:
    token = _issued(_session(), expires=expires)

    with pytest.raises(TokenRefused):
        identify(f"Bearer {token}")


def test_bits_without_a_meaning_are_masked() -> None:
    session = _session()
    token = _issued(session, flags=0xFFFFFFFF)

    assert identify(f"Bearer {token}").require_session().flags == SessionFlags(7)


def test_a_sealed_token_that_is_not_the_stored_one_is_refused() -> None:
    session = _session()
    other = access_token.issue(AccessTokenClaims(session.account_id, 0), key_ring())
    _issued(session)

    with pytest.raises(TokenRefused):
        identify(f"Bearer {other}").settle()


def test_the_build_service_needs_no_row_and_passes_every_role_check() -> None:
    claims = AccessTokenClaims(0, 7, int(time.time()) + 7200)
    token = access_token.issue(claims, key_ring())

    session = identify(f"Bearer {token}").require_session()

    assert (session.account_id, session.name, session.is_builder) == (0, "BUILDER", True)


def test_the_build_service_gets_no_token_without_an_end() -> None:
    with pytest.raises(AccountMissing):
        service.generate_access_token(Session(0, "BUILDER", SessionFlags(7)))


def test_a_row_that_would_make_another_token_is_not_shown() -> None:
    session = _session()
    _issued(session)
    change = Change()
    change.update(account_rows.access_token_key(session.account_id), [account_rows.AccessTokenRow.flags.set(7)])
    change.commit()

    with pytest.raises(access_token.TokenUnreadable):
        service.access_token_of(session.account_id)
