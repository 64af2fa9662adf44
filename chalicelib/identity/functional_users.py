"""The five test users of functional-test mode, disabled unless HAB_FUNC_TEST is set (accounts.md section 4)."""

from chalicelib.identity import registration

USERS = {
    "bobo": ("0", "bobo@example.com"),
    "mystique": ("1", "mystique@example.com"),
    "hank": ("2", "hank@example.com"),
    "wesker": ("3", "awesker@umbrella.corp"),
    "lkennedy": ("4", "lkennedy@rcpd.gov"),
}
"""External id and e-mail address of each test user by name."""

_ids: dict[str, int] = {}


def account_id_of(name: str) -> int | None:
    """Return the account id of a test user, or None for any other name. Creates the account at first use.

    Cached, because accounts are never deleted.
    """
    if name not in USERS:
        return None
    if name not in _ids:
        _, email = USERS[name]
        _ids[name] = registration.find_or_create(name, email)
    return _ids[name]
