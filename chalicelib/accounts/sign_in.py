"""Signing in: an identity at a provider becomes an account and a web session (accounts.md 3.1, 3.3)."""

import secrets
import time
from dataclasses import dataclass

from chalicelib.accounts import store
from chalicelib.accounts.errors import AccountTaken
from chalicelib.accounts.store import AccountNameRow, AccountRow, SessionRow
from chalicelib.core import session_token
from chalicelib.core.session_token import Provider
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.settings import settings
from chalicelib.platform.table import Change, read


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
    """An account that has just signed in; `token` opens the web session."""

    account_id: int
    name: str
    token: str = ""


def start_session(who: Identity) -> SignedIn:
    """Find or create the account and store a new web session, valid for the configured time from now."""
    account = find_or_create(who.name, who.email)
    token = session_token.issue(account.account_id, who.extern_id, who.provider, secrets.token_bytes(32))
    key = store.session_key(account.account_id, session_token.fingerprint(token))
    row = SessionRow(key.pk, key.sk, name=account.name, expires_at=int(time.time()) + settings.session_seconds)
    change = Change()
    change.put(row)
    change.commit()
    return SignedIn(account.account_id, account.name, token)


def find_or_create(name: str, email: str) -> SignedIn:
    """The account of that name; an existing one keeps its e-mail. Racing first sign-ins end with one account."""
    known = read(store.name_key(name))
    if known is None:
        try:
            return SignedIn(_create(name, email), name)
        except AccountTaken:
            known = read(store.name_key(name))
            if known is None:
                raise
    return SignedIn(int(known.account_id), name)


def _create(name: str, email: str) -> int:
    moment = now()
    account_id = new_id(moment)
    by_id, by_name = store.account_key(account_id), store.name_key(name)
    change = Change()
    change.add(AccountNameRow(by_name.pk, by_name.sk, account_id=account_id), otherwise=AccountTaken())
    change.add(
        AccountRow(by_id.pk, by_id.sk, id=account_id, name=name, email=email, created_at=timestamp(moment)),
        otherwise=AccountTaken(),
    )
    change.commit()
    return account_id
