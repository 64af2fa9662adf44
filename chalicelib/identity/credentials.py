"""A bearer token is read without the table: whose it claims to be, and which row must prove it (accounts.md 2)."""

from __future__ import annotations

import hmac
import time
from functools import lru_cache
from typing import Any

from msgspec import Struct

from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import BUILDER_ID
from chalicelib.identity import rows as account_rows
from chalicelib.identity.errors import TokenRefused
from chalicelib.identity.rows import AccessTokenRow, NamedTokenRow, SessionRow
from chalicelib.platform.config import config
from chalicelib.platform.deferred import deferred
from chalicelib.platform.table import Key

with deferred():
    from chalicelib.core import access_token, named_token, session_token

NO_FLAGS = SessionFlags(0)


class Credential(Struct, frozen=True):
    """What a bearer token claims: whose it is, and the row that must prove it (None: it proves itself)."""

    account_id: int
    key: Key[Any] | None
    fingerprint: str = ""
    flags: SessionFlags = NO_FLAGS
    name: str = ""


def credential_in(authorization: str) -> Credential:
    """What an `Authorization` header claims. Raises TokenRefused for one that cannot be right."""
    words = authorization.split()
    if len(words) != 2 or words[0] != "Bearer" or not authorization.isascii():
        raise TokenRefused
    return _of_test_user(words[1]) or _of_token(words[1])


def proves(row: AccessTokenRow | SessionRow | NamedTokenRow, credential: Credential) -> bool:
    """Whether the row that was found makes the credential valid now; rows outlive their time for a while."""
    if isinstance(row, SessionRow):  # it stands under the fingerprint
        return bool(row.expires_at >= time.time())
    if isinstance(row, NamedTokenRow) and row.expires_at is not None and row.expires_at < time.time():
        return False
    return hmac.compare_digest(row.fingerprint, credential.fingerprint)


def _of_test_user(token: str) -> Credential | None:
    if not config.functional_test:
        return None
    from chalicelib.identity.functional_test import account_id_of

    account_id = account_id_of(token)
    return None if account_id is None else Credential(account_id, key=None, name=token)


def _of_token(token: str) -> Credential:
    try:
        if access_token.looks_like_access_token(token):
            return _personal(token)
        if named_token.looks_like_named_token(token):
            return _named(token)
        return _of_session(token)
    except (access_token.TokenUnreadable, session_token.TokenUnreadable, named_token.NamedTokenUnreadable) as problem:
        raise TokenRefused from problem


def _personal(token: str) -> Credential:
    claims = _claims(token)
    if access_token.is_expired(claims, int(time.time())):
        raise TokenRefused
    flags = SessionFlags(claims.flags)
    if claims.account_id == BUILDER_ID:
        return Credential(BUILDER_ID, key=None, flags=flags, name="BUILDER")
    key = account_rows.access_token_key(claims.account_id)
    return Credential(claims.account_id, key, access_token.fingerprint(token), flags)


@lru_cache(maxsize=512)
def _claims(token: str) -> access_token.AccessTokenClaims:
    """Opening a token costs a tenth of a warm request, and always gives the same; the row still has to prove it."""
    from chalicelib.platform.key_ring import key_ring

    return access_token.read(token, key_ring())


def _named(token: str) -> Credential:
    place = named_token.reference_of(token)
    key = account_rows.named_token_key(place.account_id, place.token_id)
    return Credential(place.account_id, key, named_token.fingerprint(token))


def _of_session(token: str) -> Credential:
    account_id = session_token.account_id_of(token)
    fingerprint = session_token.fingerprint(token)
    return Credential(account_id, account_rows.session_key(account_id, fingerprint), fingerprint)
