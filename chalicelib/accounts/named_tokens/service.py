"""Named tokens of an account: several, each for some scopes, perhaps one origin and some days.

Our own addition for automation, on paths of our own; the contract's one access token stays what it is (accounts.md
3.2).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.accounts.errors import NamedTokenInvalid, NamedTokenMissing, TooManyTokens
from chalicelib.catalog import audit_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.core import named_token
from chalicelib.core.named_token import SECRET_BYTES, TokenReference
from chalicelib.core.session import Session
from chalicelib.core.token_scope import Scope, ScopeUnknown
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import Caller
from chalicelib.identity.rows import NAMED_TOKEN, NamedTokenRow
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import count, rows

TOKENS_PER_ACCOUNT = 50
LONGEST_LABEL = 100
LONGEST_LIFE = 3650


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token is wanted for; `days` None is without an end."""

    label: str
    scopes: frozenset[Scope]
    origin: str | None = None
    days: int | None = None

    @classmethod
    def of(cls, label: str, scopes: Sequence[str], origin: str | None, days: int | None) -> "TokenRequest":
        """A wish that can be granted in principle. Raises NamedTokenInvalid."""
        if not label.strip() or len(label) > LONGEST_LABEL or not label.isprintable():
            raise NamedTokenInvalid(f"name must be 1 to {LONGEST_LABEL} printable characters, not {label[:200]!r}")
        if not scopes:
            raise NamedTokenInvalid(f"scopes must name some of {', '.join(Scope)}")
        if days is not None and not 1 <= days <= LONGEST_LIFE:
            raise NamedTokenInvalid(f"expires_in must be 1 to {LONGEST_LIFE} days, not {days}")
        try:
            return cls(label, frozenset(map(Scope.parse, scopes)), origin, days)
        except ScopeUnknown as problem:
            raise NamedTokenInvalid(f"scopes must be some of {', '.join(Scope)}, not {str(problem)!r}") from problem


def make(wish: TokenRequest, by: Caller) -> tuple[NamedTokenRow, str]:
    """A new token and its text, which is told this once. It inherits no flags of the session.

    Raises NamedTokenInvalid where the account is no member of the wished origin, TooManyTokens (checked before the
    write: two requests at the same time may end one above the limit).
    """
    session = by.require_session()
    if wish.origin is not None and by.role_in(wish.origin) is None:
        raise NamedTokenInvalid(f"origin must be one that you are a member of, not {wish.origin!r}")
    if (
        count(NamedTokenRow, account_rows.account_partition(session.account_id), begins=NAMED_TOKEN)
        >= TOKENS_PER_ACCOUNT
    ):
        raise TooManyTokens(TOKENS_PER_ACCOUNT)
    row, text = _row(wish, session)
    change = Change()
    change.add(row)
    audit_rows.record(change, AuditAction.TOKEN_GENERATE, session, target=f"{row.id} {wish.label}")
    change.commit()
    return row, text


def of_account(account_id: int) -> list[NamedTokenRow]:
    """The account's tokens, oldest first; those whose time is over are left out."""
    alive = now().timestamp()
    found = rows(NamedTokenRow, account_rows.account_partition(account_id), begins=NAMED_TOKEN)
    return sorted((row for row in found if row.expires_at is None or row.expires_at >= alive), key=lambda row: row.id)


def revoke(token_id: int, by: Session) -> None:
    """End a token, at once. Raises NamedTokenMissing."""
    change = Change()
    change.delete(
        account_rows.named_token_key(by.account_id, token_id), NamedTokenRow.pk.exists(), otherwise=NamedTokenMissing()
    )
    audit_rows.record(change, AuditAction.TOKEN_REVOKE, by, target=str(token_id))
    change.commit()


def _row(wish: TokenRequest, session: Session) -> tuple[NamedTokenRow, str]:
    moment = now()
    token_id = new_id(moment)
    text = named_token.issue(TokenReference(session.account_id, token_id), secrets.token_bytes(SECRET_BYTES))
    key = account_rows.named_token_key(session.account_id, token_id)
    ends = None if wish.days is None else int((moment + timedelta(days=wish.days)).timestamp())
    row = NamedTokenRow(
        key.pk,
        key.sk,
        id=token_id,
        name=session.name,
        label=wish.label,
        scopes=",".join(sorted(wish.scopes)),
        origin=wish.origin,
        fingerprint=named_token.fingerprint(text),
        created_at=timestamp(moment),
        expires_at=ends,
    )
    return row, text
