"""Rows of accounts, sessions and access tokens; all rows of an account stand in one partition."""

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform.table import Key, Row


class AccountRow(Row):
    """An account by its id."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    email = UnicodeAttribute(default="")
    created_at = UnicodeAttribute()


class AccountNameRow(Row):
    """An account's name, taken once for ever; leads to the id."""

    account_id = NumberAttribute()


class SessionRow(Row):
    """A web session under the fingerprint of its token; `expires_at` (seconds) is also the table's time to live."""

    name = UnicodeAttribute()
    flags = NumberAttribute(default=0)
    expires_at = NumberAttribute()


class AccessTokenRow(Row):
    """The one personal access token of an account: what proves and rebuilds it, but not the token (accounts.md 3.2)."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    flags = NumberAttribute()
    expires = NumberAttribute()
    fingerprint = UnicodeAttribute()
    nonce = BinaryAttribute(legacy_encoding=False)
    key_revision = UnicodeAttribute()
    created_at = UnicodeAttribute()


def account_partition(account_id: int) -> str:
    """Where everything of an account stands."""
    return f"ACCOUNT#{account_id}"


def account_key(account_id: int) -> Key[AccountRow]:
    """Where an account stands."""
    return Key(AccountRow, account_partition(account_id), "PROFILE")


def name_key(name: str) -> Key[AccountNameRow]:
    """Where an account's name stands."""
    return Key(AccountNameRow, f"ACCOUNT-NAME#{name}", "ACCOUNT")


def session_key(account_id: int, fingerprint: str) -> Key[SessionRow]:
    """Where a web session stands."""
    return Key(SessionRow, account_partition(account_id), f"SESSION#{fingerprint}")


def access_token_key(account_id: int) -> Key[AccessTokenRow]:
    """Where the account's access token stands."""
    return Key(AccessTokenRow, account_partition(account_id), "TOKEN")
