"""Sign-in: an identity at a provider becomes an account and a web session (accounts.md 3.1, 3.3)."""

import secrets
import time

from msgspec import Struct

from chalicelib.accounts.sign_in.limit import count_sign_in
from chalicelib.core.deferred import deferred
from chalicelib.core.tokens import session_token
from chalicelib.identity import rows as account_rows
from chalicelib.identity.registration import Identity, find_or_create
from chalicelib.identity.rows import SessionRow
from chalicelib.platform.change import Change
from chalicelib.platform.config import config

with deferred():
    from chalicelib.accounts.sign_in import exchange, functional_users

SECRET_BYTES = 32


class SignedIn(Struct, frozen=True):
    """A new web session. `token` is the bearer token, `oauth_token` the token of the provider."""

    account_id: int
    name: str
    email: str
    token: str
    flags: int
    oauth_token: str


def authenticate(code: str, address: str) -> SignedIn:
    """Sign in with a code of the provider, or as a test user in functional-test mode.

    Attempts are counted per `address`, the address of the client. Raises ProviderRefused, ProviderFailed,
    FunctionalUserUnknown, TooManySignIns.
    """
    if config.functional_test:
        return start_session(functional_users.identity_of(code))
    count_sign_in(address)
    return start_session(exchange.identity_of(code, config))


def start_session(identity: Identity) -> SignedIn:
    """Find or create the account, and store a new web session that expires after the configured time.

    The token contains random bytes where the reference server puts the provider's token, so that a stolen session does
    not give access to the user's account at the provider (accounts.md 3.1).
    """
    account_id = find_or_create(identity.name, identity.email)
    secret = secrets.token_bytes(SECRET_BYTES)
    token = session_token.issue(account_id, identity.extern_id, identity.provider, secret)
    key = account_rows.session_key(account_id, session_token.fingerprint(token))
    expires_at = int(time.time()) + config.session_seconds
    with Change() as change:
        change.put(SessionRow(key.pk, key.sk, name=identity.name, expires_at=expires_at))
    return SignedIn(account_id, identity.name, identity.email, token, flags=0, oauth_token=identity.oauth_token)
