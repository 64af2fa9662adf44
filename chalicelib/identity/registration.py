"""Accounts by name: found, or created at the first sign-in (accounts.md 3.3)."""

from dataclasses import dataclass

from chalicelib.core.session_token import Provider
from chalicelib.identity import rows
from chalicelib.identity.rows import AccountNameRow, AccountRow
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at a provider."""

    extern_id: str
    name: str
    email: str
    provider: Provider
    oauth_token: str


def find_or_create(name: str, email: str) -> int:
    """The id of the account of that name; an existing one keeps its e-mail. Racing sign-ins end with one account."""

    def find_or_try_to_create() -> int:
        known = read(rows.name_key(name))
        return _create(name, email) if known is None else int(known.account_id)

    return int(again_when_stale(find_or_try_to_create))


def _create(name: str, email: str) -> int:
    """A new account. Raises Stale where another request was faster with the name, or got the same id."""
    moment = now()
    account_id = new_id(moment)
    by_id, by_name = rows.account_key(account_id), rows.name_key(name)
    change = Change()
    change.add(AccountNameRow(by_name.pk, by_name.sk, account_id=account_id))
    change.add(AccountRow(by_id.pk, by_id.sk, id=account_id, name=name, email=email, created_at=timestamp(moment)))
    change.commit()
    return account_id
