"""Bearer tokens: which account a token claims, and which row must prove the claim (accounts.md 2).

This module does not read the table; caller.py reads the row.
"""

from __future__ import annotations

import hmac
import time
from functools import lru_cache
from typing import Any

from msgspec import Struct

from chalicelib.core.deferred import deferred
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import BUILDER_ID
from chalicelib.identity import rows as account_rows
from chalicelib.identity.errors import TokenRefused
from chalicelib.identity.rows import AccessTokenRow, NamedTokenRow, SessionRow
from chalicelib.platform.config import config
from chalicelib.platform.row import Key

with deferred():
    from chalicelib.core.tokens import access_token, named_token, session_token
    from chalicelib.identity import functional_users, machines
    from chalicelib.platform import key_ring

NO_FLAGS = SessionFlags(0)
CLAIMS_CACHED = 512
BUILDER_MARK = "bldr"
"""The first characters of named tokens and of the tokens of builds."""


class Credential(Struct, frozen=True):
    """The account that a bearer token claims, and the key of the row that must prove it.

    A `key` of None means that the token needs no proof: it belongs to the build service or to a test user. `machine` is
    set for the token of a worker or of a job; `account_id` is then the id of the worker or the job.
    """

    account_id: int
    key: Key[Any] | None
    fingerprint: str = ""
    flags: SessionFlags = NO_FLAGS
    name: str = ""
    machine: machines.BuildTokenReference | None = None


def credential_in(authorization: str) -> Credential:
    """Return the credential in an `Authorization` header. Raises TokenRefused if no row could prove it."""
    words = authorization.split()
    if len(words) != 2 or words[0] != "Bearer" or not authorization.isascii():
        raise TokenRefused
    return _of_test_user(words[1]) or _of_token(words[1])


def proves(row: AccessTokenRow | SessionRow | NamedTokenRow, credential: Credential) -> bool:
    """Return True if the row proves the credential now. Checks the expiry: the table deletes expired rows late."""
    if isinstance(row, SessionRow):  # its key contains the fingerprint
        return bool(row.expires_at >= time.time())
    if isinstance(row, NamedTokenRow) and row.expires_at is not None and row.expires_at < time.time():
        return False
    return hmac.compare_digest(row.fingerprint, credential.fingerprint)


def _of_test_user(token: str) -> Credential | None:
    if not config.functional_test:
        return None
    account_id = functional_users.account_id_of(token)
    return None if account_id is None else Credential(account_id, key=None, name=token)


def _of_token(token: str) -> Credential:
    try:
        if token.startswith(BUILDER_MARK) and machines.looks_like_build_token(token):
            return _of_machine(token)
        if access_token.looks_like_access_token(token):
            return _of_access_token(token)
        if named_token.looks_like_named_token(token):
            return _of_named_token(token)
        return _of_session_token(token)
    except (access_token.TokenUnreadable, session_token.TokenUnreadable, named_token.NamedTokenUnreadable) as problem:
        raise TokenRefused from problem


def _of_access_token(token: str) -> Credential:
    claims = _claims(token)
    if access_token.is_expired(claims, int(time.time())):
        raise TokenRefused
    flags = SessionFlags(claims.flags)
    if claims.account_id == BUILDER_ID:
        return Credential(BUILDER_ID, key=None, flags=flags, name="BUILDER")
    key = account_rows.access_token_key(claims.account_id)
    return Credential(claims.account_id, key, access_token.fingerprint(token), flags)


@lru_cache(maxsize=CLAIMS_CACHED)
def _claims(token: str) -> access_token.AccessTokenClaims:
    """Return the claims of an access token. Cached, because decryption takes a tenth of the time of a warm request."""
    return access_token.read(token, key_ring.key_ring())


def _of_named_token(token: str) -> Credential:
    reference = named_token.reference_of(token)
    key = account_rows.named_token_key(reference.account_id, reference.token_id)
    return Credential(reference.account_id, key, named_token.fingerprint(token))


def _of_machine(token: str) -> Credential:
    reference = machines.reference_of(token)
    key, fingerprint = machines.key_of(reference), machines.fingerprint(token)
    return Credential(reference.id, key, fingerprint, machine=reference)


def _of_session_token(token: str) -> Credential:
    account_id = session_token.account_id_of(token)
    fingerprint = session_token.fingerprint(token)
    return Credential(account_id, account_rows.session_key(account_id, fingerprint), fingerprint)
