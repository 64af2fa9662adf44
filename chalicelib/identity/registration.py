"""Lookup of accounts by name, with creation at the first sign-in (accounts.md 3.3)."""

from msgspec import Struct

from chalicelib.core.tokens.session_token import Provider
from chalicelib.identity import rows
from chalicelib.identity.rows import AccountNameRow, AccountRow
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read


class Identity(Struct, frozen=True):
    """A user as a sign-in provider knows them; `oauth_token` is the provider's token."""

    extern_id: str
    name: str
    email: str
    provider: Provider
    oauth_token: str


def find_or_create(name: str, email: str) -> int:
    """Return the id of the account with a name. Creates it if it does not exist; never changes an existing e-mail.

    Concurrent first sign-ins create only one account.
    """

    def find_or_try_to_create() -> int:
        row = read(rows.name_key(name))
        return _create(name, email) if row is None else int(row.account_id)

    return int(retry_when_stale(find_or_try_to_create))


def _create(name: str, email: str) -> int:
    """Create an account. Raises Stale if another request took the name or the id first."""
    moment = now()
    account_id = new_id(moment)
    by_id, by_name = rows.account_key(account_id), rows.name_key(name)
    with Change() as change:
        change.add(AccountNameRow(by_name.pk, by_name.sk, account_id=account_id))
        change.add(AccountRow(by_id.pk, by_id.sk, id=account_id, name=name, email=email, created_at=timestamp(moment)))
    return account_id
