"""Rows of accounts, sessions and access tokens; all rows of an account stand in one partition."""

from datetime import timedelta

from chalicelib.core.token_scope import Grant
from chalicelib.platform import retry_budget
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.table import Key, Row, StoreUnavailable

NAMED_TOKEN = "NAMED-TOKEN#"
USE_NOTED_EVERY = timedelta(hours=1)


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


class NamedTokenRow(Row):
    """A token made for something: label, what it may do, a fingerprint. `expires_at` is the time to live too."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    label = UnicodeAttribute()
    scopes = UnicodeAttribute()
    origin = UnicodeAttribute(null=True)
    fingerprint = UnicodeAttribute()
    created_at = UnicodeAttribute()
    expires_at = NumberAttribute(null=True)
    last_used_at = UnicodeAttribute(null=True)

    @property
    def grant(self) -> Grant:
        """What the token may do."""
        return Grant.of(self.scopes.split(","), self.origin)


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


def named_token_key(account_id: int, token_id: int) -> Key[NamedTokenRow]:
    """Where a named token stands."""
    return Key(NamedTokenRow, account_partition(account_id), f"{NAMED_TOKEN}{token_id}")


def note_use(row: NamedTokenRow) -> None:
    """Write down that a named token was used, at most once an hour; a token is not refused for want of that note."""
    moment = now()
    if row.last_used_at is not None and row.last_used_at > timestamp(moment - USE_NOTED_EVERY):
        return
    change = Change()
    change.update(
        Key(NamedTokenRow, row.pk, row.sk),
        [NamedTokenRow.last_used_at.set(timestamp(moment))],
        NamedTokenRow.pk.exists(),  # a token revoked in this instant must not come back as a row with only a time
    )
    try:
        with retry_budget.single_try():
            change.commit()
    except (Stale, StoreUnavailable):
        return
