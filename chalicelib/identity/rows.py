"""Rows of accounts, sessions and tokens. All rows of an account share a partition."""

from contextlib import suppress
from datetime import timedelta

from chalicelib.core.tokens.token_scope import Grant
from chalicelib.platform import retry_budget
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import StoreUnavailable

NAMED_TOKEN = "NAMED-TOKEN#"
USE_NOTED_EVERY = timedelta(hours=1)


class AccountRow(Row):
    """An account."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    email = UnicodeAttribute(default="")
    created_at = UnicodeAttribute()


class AccountNameRow(Row):
    """Maps the name of an account to its id. A name is never released."""

    account_id = NumberAttribute()


class SessionRow(Row):
    """A web session, keyed by the fingerprint of its token. `expires_at` (seconds) is also the table's time to live."""

    name = UnicodeAttribute()
    expires_at = NumberAttribute()


class AccessTokenRow(Row):
    """The personal access token of an account: all that proves and rebuilds it, without its text (accounts.md 3.2)."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    flags = NumberAttribute()
    expires = NumberAttribute()
    fingerprint = UnicodeAttribute()
    nonce = BinaryAttribute(legacy_encoding=False)
    key_revision = UnicodeAttribute()
    created_at = UnicodeAttribute()


class NamedTokenRow(Row):
    """A named token: label, grant and fingerprint, not its text. `expires_at` is also the table's time to live."""

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
        """The scopes of the token, and the origin that it is bound to."""
        return Grant.of(self.scopes.split(","), self.origin)


def account_partition(account_id: int) -> str:
    """Return the partition of an account."""
    return f"ACCOUNT#{account_id}"


def account_key(account_id: int) -> Key[AccountRow]:
    """Return the key of an account."""
    return Key(AccountRow, account_partition(account_id), "PROFILE")


def name_key(name: str) -> Key[AccountNameRow]:
    """Return the key of an account's name."""
    return Key(AccountNameRow, f"ACCOUNT-NAME#{name}", "ACCOUNT")


def session_key(account_id: int, fingerprint: str) -> Key[SessionRow]:
    """Return the key of a web session."""
    return Key(SessionRow, account_partition(account_id), f"SESSION#{fingerprint}")


def access_token_key(account_id: int) -> Key[AccessTokenRow]:
    """Return the key of an account's personal access token."""
    return Key(AccessTokenRow, account_partition(account_id), "TOKEN")


def named_token_key(account_id: int, token_id: int) -> Key[NamedTokenRow]:
    """Return the key of a named token."""
    return Key(NamedTokenRow, account_partition(account_id), f"{NAMED_TOKEN}{token_id}")


def note_use(row: NamedTokenRow) -> None:
    """Store the time at which a named token was used, once an hour at most. A failed write is ignored."""
    moment = now()
    if row.last_used_at is not None and row.last_used_at > timestamp(moment - USE_NOTED_EVERY):
        return
    with suppress(Stale, StoreUnavailable), retry_budget.single_try(), Change() as change:
        change.update(
            Key(NamedTokenRow, row.pk, row.sk),
            [NamedTokenRow.last_used_at.set(timestamp(moment))],
            NamedTokenRow.pk.exists(),  # an update would recreate the row of a token that has just been revoked
        )
