"""The five test users of functional-test mode, off unless HAB_FUNC_TEST is set (accounts.md section 4)."""

from chalicelib.identity import registration

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
        _ids[name] = registration.find_or_create(name, email)
    return _ids[name]
