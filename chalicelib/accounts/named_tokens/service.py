"""Named tokens: several per account, each with scopes, and optionally bound to an origin or limited in time.

An addition to the contract for automation. The contract has only the one access token per account (accounts.md 3.4).
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from chalicelib.accounts.errors import NamedTokenInvalid, NamedTokenMissing, TooManyTokens
from chalicelib.accounts.named_tokens import rows
from chalicelib.accounts.named_tokens.rows import NamedTokenCountRow
from chalicelib.catalog import audit_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.core.plain_text import is_plain
from chalicelib.core.session import Session
from chalicelib.core.tokens import named_token
from chalicelib.core.tokens.named_token import SECRET_BYTES, TokenReference
from chalicelib.core.tokens.token_scope import Scope, ScopeUnknown
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import Caller
from chalicelib.identity.rows import NAMED_TOKEN, NamedTokenRow
from chalicelib.platform import table
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read, read_many

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
        if not label.strip() or len(label) > LONGEST_LABEL or not is_plain(label):
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

    Raises NamedTokenInvalid if the account is not a member of the origin, and TooManyTokens.
    """
    session = by.require_session()
    if request.origin is not None and by.role_in(request.origin) is None:
        raise NamedTokenInvalid(f"origin must be one that you are a member of, not {request.origin!r}")
    return retry_when_stale(lambda: _make(request, session))


def _make(request: TokenRequest, session: Session) -> tuple[NamedTokenRow, str]:
    row, text = _row(request, session)
    with Change() as change:
        change.add(row)
        _count_one_more(change, session.account_id)
        audit_rows.record(change, AuditAction.TOKEN_GENERATE, session, target=f"{row.id} {request.label}")
    return row, text


def _count_one_more(change: Change, account_id: int) -> None:
    """Add one token to the count in a change, on condition that the limit still allows it (Stale).

    If the count is missing or has reached the limit, the valid tokens are counted, because the count does not notice
    when tokens expire. Raises TooManyTokens.
    """
    key = rows.count_key(account_id)
    counted = read(key)
    if counted is not None and int(counted.tokens) < TOKENS_PER_ACCOUNT:
        one_more = [NamedTokenCountRow.tokens.add(1), NamedTokenCountRow.revision.set(new_id())]
        change.update(key, one_more, NamedTokenCountRow.tokens < TOKENS_PER_ACCOUNT)
        return
    valid = len(tokens_of(account_id))
    if valid >= TOKENS_PER_ACCOUNT:
        raise TooManyTokens(TOKENS_PER_ACCOUNT)
    missing = NamedTokenCountRow.pk.does_not_exist()
    unchanged = missing if counted is None else NamedTokenCountRow.revision == int(counted.revision)
    change.put(NamedTokenCountRow(key.pk, key.sk, tokens=valid + 1, revision=new_id()), unchanged)


def tokens_of(account_id: int) -> list[NamedTokenRow]:
    """Return the tokens of an account, oldest first. Expired ones are left out; the table deletes their rows later."""
    all_rows = table.rows(NamedTokenRow, account_rows.account_partition(account_id), begins=NAMED_TOKEN)
    return sorted(filter(_is_valid, all_rows), key=lambda row: row.id)


def _is_valid(row: NamedTokenRow) -> bool:
    return row.expires_at is None or int(row.expires_at) >= now().timestamp()


def revoke(token_id: int, by: Session) -> None:
    """Delete a token of the session's account; it becomes invalid immediately. Raises NamedTokenMissing."""
    retry_when_stale(lambda: _revoke(token_id, by))


def _revoke(token_id: int, by: Session) -> None:
    key, counted_key = account_rows.named_token_key(by.account_id, token_id), rows.count_key(by.account_id)
    found = read_many([key, counted_key])
    row = found.get(key)
    if row is None:
        raise NamedTokenMissing
    with Change() as change:
        change.delete(key, NamedTokenRow.pk.exists(), otherwise=NamedTokenMissing())
        if _is_valid(row) and found.get(counted_key) is not None:
            one_less = [NamedTokenCountRow.tokens.add(-1), NamedTokenCountRow.revision.set(new_id())]
            change.update(counted_key, one_less, NamedTokenCountRow.pk.exists())
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
