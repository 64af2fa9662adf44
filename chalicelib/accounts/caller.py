"""Who is calling: a credential is read without the table, then its rows prove it (accounts.md sections 2 and 6.2).

The rows of a caller are the credential's row and the membership in the origin of the path. They are read in one call,
and an operation that reads rows anyway may have them read along (`read_with`).
"""

import hmac
import time
from dataclasses import dataclass
from typing import Any

from chalicelib.accounts import store
from chalicelib.accounts.errors import RoleMissing, SessionMissing, TokenRefused
from chalicelib.accounts.store import AccessTokenRow, SessionRow
from chalicelib.core import access_token, session_token
from chalicelib.core.roles import Role, SessionFlags
from chalicelib.core.visibility import Visibility
from chalicelib.origins.members import MemberRow, member_key
from chalicelib.platform.settings import settings
from chalicelib.platform.table import Found, Key, read_many

BUILDER_ID = 0
NO_FLAGS = SessionFlags(0)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in account."""

    account_id: int
    name: str
    flags: SessionFlags

    @property
    def is_builder(self) -> bool:
        """The build service passes every role check."""
        return SessionFlags.BUILD_WORKER in self.flags or self.account_id == BUILDER_ID


@dataclass(frozen=True, slots=True)
class Credential:
    """What a bearer token claims: whose it is, and the row that must prove it (None: it proves itself)."""

    account_id: int
    key: Key[Any] | None
    fingerprint: str = ""
    flags: SessionFlags = NO_FLAGS
    name: str = ""


def identify(authorization: str | None, origin: str | None = None) -> "Caller":
    """The caller behind an `Authorization` header, not yet proven. Raises TokenRefused for one that cannot be right."""
    if authorization is None:
        return Caller(None, origin)
    words = authorization.split()
    if len(words) != 2 or words[0] != "Bearer" or not authorization.isascii():
        raise TokenRefused
    return Caller(_credential(words[1]), origin)


class Caller:
    """Who calls, proven when first needed. Roles are read fresh for every request: no cache outlives a revocation."""

    def __init__(self, credential: Credential | None, origin: str | None = None) -> None:
        self._credential = credential
        self._origin = origin
        self._session: Session | None = None
        self._roles: dict[str, Role | None] = {}
        self._settled = credential is None

    @property
    def account_id(self) -> int | None:
        """The proven account's id, None for anonymous and unproven callers."""
        return None if self._session is None else self._session.account_id

    @property
    def session(self) -> Session | None:
        """The session, None for anonymous. Raises TokenRefused."""
        self.settle()
        return self._session

    def settle(self) -> None:
        """Prove the credential if that has not happened. Raises TokenRefused."""
        if not self._settled:
            self.read_with()

    def read_with(self, *keys: Key[Any]) -> Found:
        """Read rows, and the caller's own unless they are known, in one call. Raises TokenRefused."""
        own = [] if self._settled else self._own_keys()
        found = read_many([*keys, *own])
        if not self._settled:
            self._settled = True
            self._session = self._proven(found)
            self._note_role(found)
        return found

    def require_session(self) -> Session:
        """The session. Raises SessionMissing."""
        session = self.session
        if session is None:
            raise SessionMissing
        return session

    def require_role(self, origin: str, minimum: Role, refused: int = 403) -> Session:
        """The session of somebody with at least this role. Raises SessionMissing, RoleMissing (unknown origins too)."""
        session = self.require_session()
        role = self.role_in(origin)
        if role is None or role < minimum:
            raise RoleMissing(status=refused)
        return session

    def role_in(self, origin: str) -> Role | None:
        """The caller's role in an origin, None without membership."""
        session = self.session
        if session is None:
            return None
        if session.is_builder:
            return Role.OWNER
        if origin not in self._roles:
            row = read_many([member_key(origin, session.account_id)]).get(member_key(origin, session.account_id))
            self._roles[origin] = None if row is None else Role.parse(row.role)
        return self._roles[origin]

    def may_see(self, origin: str, visibility: Visibility) -> bool:
        """Public is for all, the rest for members of any role (packages.md 1.1)."""
        return visibility is Visibility.PUBLIC or self.role_in(origin) is not None

    def _own_keys(self) -> list[Key[Any]]:
        credential = self._credential
        if credential is None:
            return []
        keys: list[Key[Any]] = [] if credential.key is None else [credential.key]
        if self._origin is not None and credential.account_id != BUILDER_ID:
            keys.append(member_key(self._origin, credential.account_id))
        return keys

    def _proven(self, found: Found) -> Session | None:
        credential = self._credential
        if credential is None:
            return None
        if credential.key is None:
            return Session(credential.account_id, credential.name, credential.flags)
        row = found.get(credential.key)
        if row is None or not _proves(row, credential):
            raise TokenRefused
        return Session(credential.account_id, row.name, credential.flags | SessionFlags(int(getattr(row, "flags", 0))))

    def _note_role(self, found: Found) -> None:
        if self._session is None or self._origin is None:
            return
        row: MemberRow | None = found.get(member_key(self._origin, self._session.account_id))
        self._roles[self._origin] = None if row is None else Role.parse(row.role)


def _credential(token: str) -> Credential:
    if settings.functional_test:
        from chalicelib.accounts.functional_test import account_id_of

        account_id = account_id_of(token)
        if account_id is not None:
            return Credential(account_id, key=None, name=token)
    try:
        if access_token.looks_like_access_token(token):
            return _personal(token)
        account_id = session_token.account_id_of(token)
    except (access_token.TokenUnreadable, session_token.TokenUnreadable) as problem:
        raise TokenRefused from problem
    fingerprint = session_token.fingerprint(token)
    return Credential(account_id, store.session_key(account_id, fingerprint), fingerprint)


def _personal(token: str) -> Credential:
    from chalicelib.accounts.builder_keys import builder_keys

    claims = access_token.read(token, builder_keys())
    if access_token.is_expired(claims, int(time.time())):
        raise TokenRefused
    flags = SessionFlags(claims.flags)
    if claims.account_id == BUILDER_ID:
        return Credential(BUILDER_ID, key=None, flags=flags, name="BUILDER")
    key = store.access_token_key(claims.account_id)
    return Credential(claims.account_id, key, access_token.fingerprint(token), flags)


def _proves(row: AccessTokenRow | SessionRow, credential: Credential) -> bool:
    if isinstance(row, AccessTokenRow):
        return hmac.compare_digest(row.fingerprint, credential.fingerprint)
    return row.expires_at >= time.time()
