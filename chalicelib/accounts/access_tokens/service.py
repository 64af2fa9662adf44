"""What an account does for itself: sign in, see and change its profile, hold an access token (accounts.md 8.1-8.3)."""

from dataclasses import dataclass

from chalicelib.accounts.errors import AccountMissing, NotOwnToken
from chalicelib.catalog import audit_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.core import access_token
from chalicelib.core.access_token import AccessTokenClaims, TokenUnreadable
from chalicelib.core.session import BUILDER_ID, Session
from chalicelib.identity import rows as account_rows
from chalicelib.identity.rows import AccessTokenRow
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import read


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A personal access token with its text."""

    id: int
    account_id: int
    text: str
    created_at: str


def access_token_of(account_id: int) -> AccessToken | None:
    """The account's token, its text made again from what is stored."""
    row = read(account_rows.access_token_key(account_id))
    return None if row is None else _with_text(account_id, row)


def generate_access_token(session: Session) -> AccessToken:
    """Make the account's token, with the session's flags; the one before it is invalid from now on.

    Id and creation time stay those of the token replaced (accounts.md 3.2). Raises AccountMissing for the build
    service: its tokens prove themselves, so one without an end could never be revoked.
    """
    if session.account_id == BUILDER_ID:
        raise AccountMissing
    return again_when_stale(lambda: _replace_access_token(session))


def revoke_access_token(session: Session, token_id: int) -> None:
    """Remove the account's token if it has that id. Raises NotOwnToken."""
    change = Change()
    key = account_rows.access_token_key(session.account_id)
    change.delete(key, AccessTokenRow.id == token_id, otherwise=NotOwnToken())
    audit_rows.record(change, AuditAction.TOKEN_REVOKE, session, target=str(token_id))
    change.commit()


def _replace_access_token(session: Session) -> AccessToken:
    key = account_rows.access_token_key(session.account_id)
    old = read(key)
    moment = now()
    claims = AccessTokenClaims(session.account_id, int(session.flags))
    text = access_token.issue(claims, key_ring())
    row = AccessTokenRow(
        key.pk,
        key.sk,
        id=new_id(moment) if old is None else old.id,
        name=session.name,
        flags=claims.flags,
        expires=claims.expires,
        fingerprint=access_token.fingerprint(text),
        nonce=access_token.nonce_of(text),
        key_revision=access_token.key_revision_of(text),
        created_at=timestamp(moment) if old is None else old.created_at,
    )
    unchanged = AccessTokenRow.pk.does_not_exist() if old is None else AccessTokenRow.fingerprint == old.fingerprint
    change = Change()
    change.put(row, unchanged)
    audit_rows.record(change, AuditAction.TOKEN_GENERATE, session, target=str(row.id))
    change.commit()
    return AccessToken(int(row.id), session.account_id, text, row.created_at)


def _with_text(account_id: int, row: AccessTokenRow) -> AccessToken:
    """The token as it was issued. Raises TokenUnreadable where the row would make another one."""
    claims = AccessTokenClaims(account_id, int(row.flags), int(row.expires))
    text = access_token.rebuild(claims, row.nonce, row.key_revision, key_ring())
    if access_token.fingerprint(text) != row.fingerprint:
        raise TokenUnreadable
    return AccessToken(int(row.id), account_id, text, row.created_at)
