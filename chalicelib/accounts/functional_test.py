"""The five test users of functional-test mode, off unless HAB_FUNC_TEST is set (accounts.md section 4)."""

from chalicelib.accounts import sign_in
from chalicelib.accounts.errors import FunctionalUserUnknown
from chalicelib.accounts.sign_in import Identity
from chalicelib.core.session_token import Provider

USERS = {
    "bobo": ("0", "bobo@example.com"),
    "mystique": ("1", "mystique@example.com"),
    "hank": ("2", "hank@example.com"),
    "wesker": ("3", "awesker@umbrella.corp"),
    "lkennedy": ("4", "lkennedy@rcpd.gov"),
}
_ids: dict[str, int] = {}


def account_id_of(name: str) -> int | None:
    """The account id of a test user, made on first use; None for every other name. Accounts are never deleted."""
    if name not in USERS:
        return None
    if name not in _ids:
        _, email = USERS[name]
        _ids[name] = sign_in.find_or_create(name, email)
    return _ids[name]


def identity_of(name: str) -> Identity:
    """Who a test user is at its make-believe provider. Raises FunctionalUserUnknown."""
    if name not in USERS:
        raise FunctionalUserUnknown
    extern_id, email = USERS[name]
    return Identity(extern_id, name, email, Provider.GITHUB, oauth_token=name)
