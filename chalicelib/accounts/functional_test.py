"""The five test users of functional-test mode, off unless HAB_FUNC_TEST is set (accounts.md section 4)."""

from chalicelib.accounts import sign_in
from chalicelib.core.session_token import Provider

USERS = {
    "bobo": ("0", "bobo@example.com"),
    "mystique": ("1", "mystique@example.com"),
    "hank": ("2", "hank@example.com"),
    "wesker": ("3", "awesker@umbrella.corp"),
    "lkennedy": ("4", "lkennedy@rcpd.gov"),
}
_ids: dict[str, int] = {}


def known_user(name: str) -> int | None:
    """The account id of a test user, made on first use; None for every other name. Accounts are never deleted."""
    if name not in USERS:
        return None
    if name not in _ids:
        _ids[name] = sign_in.find_or_create(name, USERS[name][1]).account_id
    return _ids[name]


def identity(name: str) -> sign_in.Identity | None:
    """Who a test user is at its make-believe provider, None for every other name."""
    if name not in USERS:
        return None
    extern_id, email = USERS[name]
    return sign_in.Identity(extern_id, name, email, Provider.GITHUB, oauth_token=name)
