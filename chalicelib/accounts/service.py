"""What an account does for itself: sign in, see and change its profile, hold an access token (accounts.md 8.1-8.3)."""

from dataclasses import dataclass

from chalicelib.accounts import store
from chalicelib.accounts.builder_keys import builder_keys
from chalicelib.accounts.caller import Session
from chalicelib.accounts.credentials import BUILDER_ID
from chalicelib.accounts.errors import AccountMissing, EmailMissing, NotOwnToken
from chalicelib.accounts.sign_in import SignedIn, start_session
from chalicelib.accounts.sign_in_limit import count_sign_in
from chalicelib.accounts.store import AccessTokenRow, AccountRow
from chalicelib.core import access_token
from chalicelib.core.access_token import AccessTokenClaims, TokenUnreadable
from chalicelib.events import audit
from chalicelib.events.audit import Operation
from chalicelib.origins.members import ORIGIN_OF, MembershipOfAccountRow
from chalicelib.origins.store import OriginRow, origin_count_key, origin_key
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.settings import settings
from chalicelib.platform.table import read, read_many, rows

LONGEST_EMAIL = 10_000


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A personal access token with its text."""

    id: int
    account_id: int
    text: str
    created_at: str


@dataclass(frozen=True, slots=True)
class OwnOrigin:
    """An origin that an account is a member of, and how many package names have settings there."""

    name: str
    row: OriginRow
    package_count: int


def authenticate(code: str, address: str) -> SignedIn:
    """Sign in with a code of the provider, or as a test user where that is switched on; `address` counts its tries.

    Raises ProviderRefused, ProviderFailed, FunctionalUserUnknown, TooManySignIns.
    """
    if settings.functional_test:
        from chalicelib.accounts.functional_test import identity_of as test_user

        return start_session(test_user(code))
    from chalicelib.accounts.providers.exchange import identity_of

    count_sign_in(address)
    return start_session(identity_of(code, settings))


def profile(account_id: int) -> AccountRow:
    """An account. Raises AccountMissing."""
    row = read(store.account_key(account_id))
    if row is None:
        raise AccountMissing
    return row


def change_email(account_id: int, email: str) -> None:
    """Set the e-mail address, whatever it is. The build service has no account and changes nothing.

    Raises EmailMissing, also for what would not fit the row.
    """
    if not email or len(email) > LONGEST_EMAIL:
        raise EmailMissing
    key = store.account_key(account_id)
    change = Change()
    change.update(key, [AccountRow.email.set(email)], AccountRow.pk.exists(), otherwise=AccountMissing())
    try:
        change.commit()
    except AccountMissing:
        return


def access_token_of(account_id: int) -> AccessToken | None:
    """The account's token, its text made again from what is stored."""
    row = read(store.access_token_key(account_id))
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
    key = store.access_token_key(session.account_id)
    change.delete(key, AccessTokenRow.id == token_id, otherwise=NotOwnToken())
    audit.record(change, Operation.TOKEN_REVOKE, session, target=str(token_id))
    change.commit()


def origins_of(account_id: int) -> list[OwnOrigin]:
    """The origins of an account, by name. Two calls: the memberships, then origins and their counts together."""
    memberships = rows(MembershipOfAccountRow, store.account_partition(account_id), begins=ORIGIN_OF)
    names = [row.sk.removeprefix(ORIGIN_OF) for row in memberships]
    found = read_many([key for name in names for key in (origin_key(name), origin_count_key(name))])
    own = []
    for name in names:
        row, counts = found.get(origin_key(name)), found.get(origin_count_key(name))
        if row is not None:  # it may have been deleted between the two calls
            own.append(OwnOrigin(name, row, 0 if counts is None else int(counts.settings)))
    return own


def _replace_access_token(session: Session) -> AccessToken:
    key = store.access_token_key(session.account_id)
    old = read(key)
    moment = now()
    claims = AccessTokenClaims(session.account_id, int(session.flags))
    text = access_token.issue(claims, builder_keys())
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
    audit.record(change, Operation.TOKEN_GENERATE, session, target=str(row.id))
    change.commit()
    return AccessToken(int(row.id), session.account_id, text, row.created_at)


def _with_text(account_id: int, row: AccessTokenRow) -> AccessToken:
    """The token as it was issued. Raises TokenUnreadable where the row would make another one."""
    claims = AccessTokenClaims(account_id, int(row.flags), int(row.expires))
    text = access_token.rebuild(claims, row.nonce, row.key_revision, builder_keys())
    if access_token.fingerprint(text) != row.fingerprint:
        raise TokenUnreadable
    return AccessToken(int(row.id), account_id, text, row.created_at)
