"""Signing in: an identity at a provider becomes an account and a web session (accounts.md 3.1, 3.3)."""

import secrets
import time
from dataclasses import dataclass

from chalicelib.accounts.sign_in.limit import count_sign_in
from chalicelib.core import session_token
from chalicelib.identity import rows as account_rows
from chalicelib.identity.registration import Identity, find_or_create
from chalicelib.identity.rows import SessionRow
from chalicelib.platform.change import Change
from chalicelib.platform.config import config


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A web session that has just begun; `token` opens it."""

    account_id: int
    name: str
    email: str
    token: str
    flags: int
    oauth_token: str


def authenticate(code: str, address: str) -> SignedIn:
    """Sign in with a code of the provider, or as a test user where that is switched on; `address` counts its tries.

    Raises ProviderRefused, ProviderFailed, FunctionalUserUnknown, TooManySignIns.
    """
    if config.functional_test:
        from chalicelib.accounts.sign_in.functional_test import identity_of as test_user

        return start_session(test_user(code))
    from chalicelib.accounts.sign_in.exchange import identity_of

    count_sign_in(address)
    return start_session(identity_of(code, config))


def start_session(who: Identity) -> SignedIn:
    """Find or create the account and store a new web session, valid for the configured time from now.

    The token carries 32 random bytes in the place where the reference puts the provider's token: it is as
    unguessable, and what gives access at the provider is kept nowhere (accounts.md 3.1, security remark).
    """
    account_id = find_or_create(who.name, who.email)
    token = session_token.issue(account_id, who.extern_id, who.provider, secrets.token_bytes(32))
    key = account_rows.session_key(account_id, session_token.fingerprint(token))
    change = Change()
    change.put(SessionRow(key.pk, key.sk, name=who.name, expires_at=int(time.time()) + config.session_seconds))
    change.commit()
    return SignedIn(account_id, who.name, who.email, token, flags=0, oauth_token=who.oauth_token)
