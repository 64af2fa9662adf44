"""Who is calling: the rows of a credential prove it, and tell what it may do (accounts.md sections 2 and 6.2).

The rows of a caller are the credential's row and the membership in the origin of the path. They are read in one call,
and an operation that reads rows anyway may have them read along (`read_with`).
"""

from typing import Any

from chalicelib.catalog.member_rows import MemberRow, member_key
from chalicelib.core.event_kinds import Trigger
from chalicelib.core.roles import Role
from chalicelib.core.session import BUILDER_ID, Session
from chalicelib.core.token_scope import Scope
from chalicelib.core.visibility import Visibility
from chalicelib.identity import rows as account_rows
from chalicelib.identity.credentials import Credential, credential_in, proves
from chalicelib.identity.errors import RoleMissing, ScopeMissing, SessionMissing, TokenRefused
from chalicelib.identity.rows import NamedTokenRow
from chalicelib.platform.table import Found, Key, read_many


def identify(authorization: str | None, origin: str | None = None, trigger: Trigger = Trigger.UNKNOWN) -> "Caller":
    """The caller behind an `Authorization` header, not yet proven; `origin` is the one in the path.

    Raises TokenRefused for a credential that cannot be right.
    """
    credential = None if authorization is None else credential_in(authorization)
    return Caller(credential, origin, trigger)


class Caller:
    """Who calls, proven when first needed. Roles are read fresh for every request: no cache outlives a revocation."""

    def __init__(
        self, credential: Credential | None, origin: str | None = None, trigger: Trigger = Trigger.UNKNOWN
    ) -> None:
        self._credential = credential
        self._origin = origin
        self._trigger = trigger
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
            self._session = self._proven(found)  # who is refused stays unproven and never becomes anonymous
            self._settled = True
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

    def require_scope(self, needed: Scope | None, origin_comes_later: bool = False) -> None:
        """Stop a named token that was not made for this (None: for no token). Raises ScopeMissing.

        Where the path does not name the origin, the role check that follows holds the token to its own.
        """
        session = self.require_session()
        if session.grant is None:
            return
        origin = session.grant.origin if origin_comes_later else self._origin
        if not session.grant.permits(needed, origin):
            raise ScopeMissing(needed, session.grant)

    def role_in(self, origin: str) -> Role | None:
        """The caller's role in an origin, None without membership."""
        session = self.session
        if session is None:
            return None
        if session.grant is not None and not session.grant.is_member_in(origin):
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
            return Session(credential.account_id, credential.name, credential.flags, trigger=self._trigger)
        row = found.get(credential.key)
        if row is None or not proves(row, credential):
            raise TokenRefused
        grant = None
        if isinstance(row, NamedTokenRow):
            grant = row.grant
            account_rows.note_use(row)
        return Session(credential.account_id, row.name, credential.flags, grant, self._trigger)

    def _note_role(self, found: Found) -> None:
        if self._session is None or self._origin is None:
            return
        row: MemberRow | None = found.get(member_key(self._origin, self._session.account_id))
        self._roles[self._origin] = None if row is None else Role.parse(row.role)
