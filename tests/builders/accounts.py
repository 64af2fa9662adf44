"""Accounts besides the five of functional-test mode, for tests that need an account without a history."""

from dataclasses import dataclass

from chalicelib.accounts.sign_in.service import start_session
from chalicelib.core.tokens.session_token import Provider
from chalicelib.identity.registration import Identity
from tests.builders.names import a_name


@dataclass(frozen=True)
class Account:
    """A signed-in account; `token` is the token of its web session."""

    id: str
    name: str
    email: str
    token: str


def an_account(name: str | None = None, email: str = "someone@example.com") -> Account:
    """Create an account with a web session, as a sign-in at a provider does."""
    name = name or a_name("user")
    session = start_session(Identity("17", name, email, Provider.GITHUB, oauth_token="gho_secret"))
    return Account(str(session.account_id), name, email, session.token)
