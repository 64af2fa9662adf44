"""Named tokens: several per account, each with scopes, and optionally bound to an origin or limited in time.

An addition to the contract for automation. The contract has only the one access token per account (accounts.md 3.4).
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

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


class TokenRequest(Struct, frozen=True):
    """The values of a token to create. A token with `days` of None does not expire."""

    label: str
    scopes: frozenset[Scope]
    origin: str | None = None
    days: int | None = None

    @classmethod
    def of(cls, label: str, scopes: Sequence[str], origin: str | None, days: int | None) -> "TokenRequest":
        """Return a request with validated values. Raises NamedTokenInvalid.

        `make` checks later that the account is a member of the origin.
        """
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


def make(request: TokenRequest, by: Caller) -> tuple[NamedTokenRow, str]:
    """Create a token and return its row and its text. The text is not stored. The token has no session flags.

    Raises NamedTokenInvalid if the account is not a member of the origin. Raises TooManyTokens; two concurrent requests
    may exceed the limit by one, because tokens are counted before the write.
    """
    session = by.require_session()
    if request.origin is not None and by.role_in(request.origin) is None:
        raise NamedTokenInvalid(f"origin must be one that you are a member of, not {request.origin!r}")
    partition = account_rows.account_partition(session.account_id)
    if count(NamedTokenRow, partition, begins=NAMED_TOKEN) >= TOKENS_PER_ACCOUNT:
        raise TooManyTokens(TOKENS_PER_ACCOUNT)
    row, text = _row(request, session)
    with Change() as change:
        change.add(row)
        audit_rows.record(change, AuditAction.TOKEN_GENERATE, session, target=f"{row.id} {request.label}")
    return row, text


def tokens_of(account_id: int) -> list[NamedTokenRow]:
    """Return the tokens of an account, oldest first. Expired ones are left out; the table deletes their rows later."""
    current_time = now().timestamp()
    all_rows = rows(NamedTokenRow, account_rows.account_partition(account_id), begins=NAMED_TOKEN)
    valid = [row for row in all_rows if row.expires_at is None or row.expires_at >= current_time]
    return sorted(valid, key=lambda row: row.id)


def revoke(token_id: int, by: Session) -> None:
    """Delete a token of the session's account; it becomes invalid immediately. Raises NamedTokenMissing."""
    key = account_rows.named_token_key(by.account_id, token_id)
    with Change() as change:
        change.delete(key, NamedTokenRow.pk.exists(), otherwise=NamedTokenMissing())
        audit_rows.record(change, AuditAction.TOKEN_REVOKE, by, target=str(token_id))


def _row(request: TokenRequest, session: Session) -> tuple[NamedTokenRow, str]:
    moment = now()
    token_id = new_id(moment)
    text = named_token.issue(TokenReference(session.account_id, token_id), secrets.token_bytes(SECRET_BYTES))
    key = account_rows.named_token_key(session.account_id, token_id)
    row = NamedTokenRow(
        key.pk,
        key.sk,
        id=token_id,
        name=session.name,
        label=request.label,
        scopes=",".join(sorted(request.scopes)),
        origin=request.origin,
        fingerprint=named_token.fingerprint(text),
        created_at=timestamp(moment),
        expires_at=None if request.days is None else int((moment + timedelta(days=request.days)).timestamp()),
    )
    return row, text
