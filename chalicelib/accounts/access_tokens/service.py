"""The rules of personal access tokens (accounts.md 3.2)."""

from msgspec import Struct

from chalicelib.accounts.errors import AccountMissing, NotOwnToken
from chalicelib.catalog import audit_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.core.session import BUILDER_ID, Session
from chalicelib.core.tokens import access_token
from chalicelib.core.tokens.access_token import AccessTokenClaims, TokenUnreadable
from chalicelib.identity import rows as account_rows
from chalicelib.identity.rows import AccessTokenRow
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import read


class AccessToken(Struct, frozen=True):
    """A personal access token and its text."""

    id: int
    account_id: int
    text: str
    created_at: str


def access_token_of(account_id: int) -> AccessToken | None:
    """Return the token of an account, or None. Raises TokenUnreadable.

    The text is not stored; it is rebuilt from the row and the builder key.
    """
    row = read(account_rows.access_token_key(account_id))
    return None if row is None else _with_text(account_id, row)


def generate_access_token(by: Session) -> AccessToken:
    """Generate the token of the session's account, with the flags of the session. The previous one becomes invalid.

    A replaced token keeps its id and creation time (accounts.md 3.2). Raises AccountMissing for the build service: its
    tokens are valid without a row, so a token that never expires could not be revoked.
    """
    if by.account_id == BUILDER_ID:
        raise AccountMissing
    return retry_when_stale(lambda: _replace_access_token(by))


def revoke_access_token(by: Session, token_id: int) -> None:
    """Delete the token of the session's account, if it has this id. Raises NotOwnToken."""
    key = account_rows.access_token_key(by.account_id)
    with Change() as change:
        change.delete(key, AccessTokenRow.id == token_id, otherwise=NotOwnToken())
        audit_rows.record(change, AuditAction.TOKEN_REVOKE, by, target=str(token_id))


def _replace_access_token(by: Session) -> AccessToken:
    key = account_rows.access_token_key(by.account_id)
    old = read(key)
    moment = now()
    claims = AccessTokenClaims(by.account_id, int(by.flags))
    text = access_token.issue(claims, key_ring())
    row = AccessTokenRow(
        key.pk,
        key.sk,
        id=new_id(moment) if old is None else old.id,
        name=by.name,
        flags=claims.flags,
        expires=claims.expires,
        fingerprint=access_token.fingerprint(text),
        nonce=access_token.nonce_of(text),
        key_revision=access_token.key_revision_of(text),
        created_at=timestamp(moment) if old is None else old.created_at,
    )
    unchanged = AccessTokenRow.pk.does_not_exist() if old is None else AccessTokenRow.fingerprint == old.fingerprint
    with Change() as change:
        change.put(row, unchanged)
        audit_rows.record(change, AuditAction.TOKEN_GENERATE, by, target=str(row.id))
    return AccessToken(int(row.id), by.account_id, text, row.created_at)


def _with_text(account_id: int, row: AccessTokenRow) -> AccessToken:
    """Return the token with the text that was issued. Raises TokenUnreadable if the row does not rebuild that text."""
    claims = AccessTokenClaims(account_id, int(row.flags), int(row.expires))
    text = access_token.rebuild(claims, row.nonce, row.key_revision, key_ring())
    if access_token.fingerprint(text) != row.fingerprint:
        raise TokenUnreadable(f"{row.key_revision} is another key than the one that issued the token")
    return AccessToken(int(row.id), account_id, text, row.created_at)
