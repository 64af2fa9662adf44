"""A bearer token is read without the table: whose it claims to be, and which row must prove it (accounts.md 2)."""

import hmac
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chalicelib.accounts import store
from chalicelib.accounts.errors import TokenRefused
from chalicelib.accounts.store import AccessTokenRow, NamedTokenRow, SessionRow
from chalicelib.core.roles import SessionFlags
from chalicelib.platform.deferred import deferred
from chalicelib.platform.settings import settings
from chalicelib.platform.table import Key

if TYPE_CHECKING:
    from chalicelib.core import access_token, named_token, session_token
else:
    access_token = deferred("chalicelib.core.access_token")
    named_token = deferred("chalicelib.core.named_token")
    session_token = deferred("chalicelib.core.session_token")

BUILDER_ID = 0
NO_FLAGS = SessionFlags(0)


@dataclass(frozen=True, slots=True)
class Credential:
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
    if not settings.functional_test:
        return None
    from chalicelib.accounts.functional_test import account_id_of

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
    key = store.access_token_key(claims.account_id)
    return Credential(claims.account_id, key, access_token.fingerprint(token), flags)


@lru_cache(maxsize=512)
def _claims(token: str) -> "access_token.AccessTokenClaims":
    """Opening a token costs a tenth of a warm request, and always gives the same; the row still has to prove it."""
    from chalicelib.accounts.builder_keys import builder_keys

    return access_token.read(token, builder_keys())


def _named(token: str) -> Credential:
    place = named_token.place_of(token)
    key = store.named_token_key(place.account_id, place.token_id)
    return Credential(place.account_id, key, named_token.fingerprint(token))


def _of_session(token: str) -> Credential:
    account_id = session_token.account_id_of(token)
    fingerprint = session_token.fingerprint(token)
    return Credential(account_id, store.session_key(account_id, fingerprint), fingerprint)
