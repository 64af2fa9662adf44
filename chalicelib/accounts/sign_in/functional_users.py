"""Sign-in of the test users in functional-test mode (accounts.md section 4)."""

from chalicelib.accounts.errors import FunctionalUserUnknown
from chalicelib.core.tokens.session_token import Provider
from chalicelib.identity.functional_users import USERS
from chalicelib.identity.registration import Identity


def identity_of(name: str) -> Identity:
    """Return the identity of a test user, as if GitHub had sent it. Raises FunctionalUserUnknown."""
    if name not in USERS:
        raise FunctionalUserUnknown
    extern_id, email = USERS[name]
    return Identity(extern_id, name, email, Provider.GITHUB, oauth_token=name)
