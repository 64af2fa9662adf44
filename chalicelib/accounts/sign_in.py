"""Signing in: an identity at a provider becomes an account and a web session (accounts.md 3.1, 3.3)."""

import secrets
import time
from dataclasses import dataclass

from chalicelib.accounts import store
from chalicelib.accounts.store import AccountNameRow, AccountRow, SessionRow
from chalicelib.core import session_token
from chalicelib.core.session_token import Provider
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.settings import settings
from chalicelib.platform.table import read


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at a provider."""

    extern_id: str
    name: str
    email: str
    provider: Provider
    oauth_token: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A web session that has just begun; `token` opens it."""

    account_id: int
    name: str
    email: str
    token: str
    flags: int
    oauth_token: str


def start_session(who: Identity) -> SignedIn:
    """Find or create the account and store a new web session, valid for the configured time from now.

    The token carries 32 random bytes in the place where the reference puts the provider's token: it is as
    unguessable, and what gives access at the provider is kept nowhere (accounts.md 3.1, security remark).
    """
    account_id = find_or_create(who.name, who.email)
    token = session_token.issue(account_id, who.extern_id, who.provider, secrets.token_bytes(32))
    key = store.session_key(account_id, session_token.fingerprint(token))
    change = Change()
    change.put(SessionRow(key.pk, key.sk, name=who.name, expires_at=int(time.time()) + settings.session_seconds))
    change.commit()
    return SignedIn(account_id, who.name, who.email, token, flags=0, oauth_token=who.oauth_token)


def find_or_create(name: str, email: str) -> int:
    """The id of the account of that name; an existing one keeps its e-mail. Racing sign-ins end with one account."""

    def find_or_try_to_create() -> int:
        known = read(store.name_key(name))
        return _create(name, email) if known is None else int(known.account_id)

    return int(again_when_stale(find_or_try_to_create))


def _create(name: str, email: str) -> int:
    """A new account. Raises Stale where another request was faster with the name, or got the same id."""
    moment = now()
    account_id = new_id(moment)
    by_id, by_name = store.account_key(account_id), store.name_key(name)
    change = Change()
    change.add(AccountNameRow(by_name.pk, by_name.sk, account_id=account_id))
    change.add(AccountRow(by_id.pk, by_id.sk, id=account_id, name=name, email=email, created_at=timestamp(moment)))
    change.commit()
    return account_id
