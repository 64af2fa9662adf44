"""Accounts beyond the five of functional-test mode, for tests that need one of their own."""

from dataclasses import dataclass

from chalicelib.accounts.sign_in.service import start_session
from chalicelib.core.session_token import Provider
from chalicelib.identity.registration import Identity
from tests.builders.names import a_name


@dataclass(frozen=True)
class Account:
    """A signed-in account; `token` is its web session."""

    id: str
    name: str
    email: str
    token: str


def an_account(name: str | None = None, email: str = "someone@example.com") -> Account:
    """A fresh account with a web session, as a sign-in at a provider would leave it."""
    name = name or a_name("user")
    session = start_session(Identity("17", name, email, Provider.GITHUB, oauth_token="gho_secret"))
    return Account(str(session.account_id), name, email, session.token)
