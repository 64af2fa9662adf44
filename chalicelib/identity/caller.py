"""The caller of a request, with its proof and its role in the origin of the path (accounts.md sections 2, 6.2).

The proof is the row of the credential, the role is in the membership row. One call reads both rows; an operation that
reads other rows anyway can read them in the same call (`read_with`).
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from chalicelib.catalog.member_rows import MemberRow, member_key
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.core.builds.build_access import JobAccess, JobUse, WorkerAccess
from chalicelib.core.deferred import deferred
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.permission import Permission
from chalicelib.core.roles import Role
from chalicelib.core.session import BUILDER_ID, Session
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.core.visibility import Visibility
from chalicelib.identity import rows as account_rows
from chalicelib.identity.credentials import Credential, credential_in, proves
from chalicelib.identity.errors import (
    AttemptOver,
    MachineRefused,
    RoleMissing,
    ScopeMissing,
    SessionMissing,
    TokenRefused,
)
from chalicelib.identity.rows import NamedTokenRow
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, read_many

with deferred():
    from chalicelib.identity import machines


def identify(
    authorization: str | None,
    origin: str | None = None,
    trigger: Trigger = Trigger.UNKNOWN,
    changes: bool = False,
    is_for_jobs: bool = False,
) -> "Caller":
    """Return the caller, not proven yet, from an `Authorization` header. `origin` is the origin in the path, if any.

    With `changes`, the ids of origins are read together with the caller's roles, and are part of its permissions.
    With `is_for_jobs`, the proof of a job whose attempt has ended raises AttemptOver instead of TokenRefused.
    Raises TokenRefused if no row could prove the credential.
    """
    credential = None if authorization is None else credential_in(authorization)
    return Caller(credential, origin, trigger, changes, is_for_jobs)


class Caller:
    """The caller of a request, proven at first use.

    Roles are read for every request: a cache would outlive a change of roles.
    """

    def __init__(
        self,
        credential: Credential | None,
        origin: str | None = None,
        trigger: Trigger = Trigger.UNKNOWN,
        changes: bool = False,
        is_for_jobs: bool = False,
    ) -> None:
        self._credential = credential
        self._origin = origin
        self._trigger = trigger
        self._session: Session | None = None
        self._changes = changes
        self._is_for_jobs = is_for_jobs
        self._roles: dict[str, Role | None] = {}
        self._origin_ids: dict[str, int | None] = {}
        self._settled = credential is None
        self._expected_keys: tuple[Key[Any], ...] = ()
        self._expected: Found | None = None
        self._refusal: TokenRefused | AttemptOver | None = None
        self._made_at = time.monotonic()
        self._job_use: JobUse | None = None

    @property
    def account_id(self) -> int | None:
        """The id of the proven account; None for anonymous callers and before the proof."""
        return None if self._session is None else self._session.account_id

    @property
    def is_anonymous(self) -> bool:
        """True for a request without a credential. Known without a call."""
        return self._credential is None

    @property
    def session(self) -> Session | None:
        """The session, or None for anonymous callers. Raises TokenRefused."""
        self.settle()
        return self._session

    def settle(self) -> None:
        """Prove the credential, unless it is proven already. Raises TokenRefused."""
        if not self._settled:
            self.read_with()

    def expect(self, *keys: Key[Any]) -> None:
        """Read some rows with the call that proves the caller. `expected` has them afterwards."""
        self._expected_keys = keys

    @property
    def expected(self) -> Found | None:
        """The rows of `expect`, None before the proof."""
        return self._expected

    def read_with(self, *keys: Key[Any]) -> Found:
        """Return rows. Proves the caller with the same call, unless it is proven already. Raises TokenRefused."""
        if self._refusal is not None:
            raise self._refusal
        own_keys = [] if self._settled else [*self._own_keys(), *self._expected_keys]
        found = read_many([*keys, *own_keys])
        if not self._settled:
            self._expected = found
            try:
                self._session = self._proven(found)
            except (TokenRefused, AttemptOver) as refusal:
                self._refusal = refusal  # the caller stays unproven and does not become anonymous
                raise
            self._settled = True
            if self._session is not None and self._origin is not None and not self._session.is_builder:
                self._note_role(self._origin, self._session, found)
        return found

    def require_session(self) -> Session:
        """Return the session. Raises SessionMissing."""
        session = self.session
        if session is None:
            raise SessionMissing
        return session

    def require_role(self, origin: str, minimum: Role, refused: int = 403) -> Session:
        """Return the session if its account has at least this role. Raises SessionMissing, RoleMissing.

        An origin that does not exist has no members. `refused` is the status of RoleMissing. The session of a request
        that changes something has the permission from then on, so that the change can require it.
        """
        session = self.require_session()
        if not self.has_role(origin, minimum):
            raise RoleMissing(status=refused)
        if origin in self._origin_ids:
            attempt = None if session.job is None else session.job.attempt
            permission = Permission(
                origin, self._origin_ids[origin], session.account_id, minimum, refused, attempt, self._made_at
            )
            self._session = session = replace(session, permission=permission)
        return session

    def require_scope(self, needed: Scope | None, origin_known_later: bool = False) -> None:
        """Refuse a named token that lacks a scope in the origin of the path (None: refuse every named token).

        Raises ScopeMissing. With `origin_known_later` the path does not name the origin. The role check that follows
        then refuses a token that is bound to another origin.
        """
        session = self.require_session()
        if session.grant is None:
            return
        origin = session.grant.origin if origin_known_later else self._origin
        if not session.grant.permits(needed, origin):
            raise ScopeMissing(needed, session.grant)

    def require_job_use(self, use: JobUse | None, path: Mapping[str, str]) -> None:
        """Refuse the token of a worker, a build or a job, unless the operation is one of the job's uses.

        `path` has the variables of the path. Does nothing for accounts. Raises MachineRefused.
        """
        session = self.require_session()
        if session.worker is not None:
            raise MachineRefused("A worker can only claim jobs")
        if session.job is None:
            return
        if not machines.permits(session.job, use, path):
            raise MachineRefused("The token of a job can only publish the package of the job")
        self._job_use = use

    def require_publishable(self, origin: str, name: str) -> None:
        """Refuse the token of a job for packages of another name. Raises MachineRefused."""
        job = self.require_session().job
        if job is not None and (job.origin, job.name) != (origin, name):
            raise MachineRefused("The token of a job can only publish the package of the job")

    def require_job(self, job_id: str) -> JobAccess:
        """Return the attempt of the job with an id, if the caller is its worker.

        Raises SessionMissing, MachineRefused.
        """
        job = self.require_session().job
        if job is None or not job.may_write or str(job.job_id) != job_id:
            raise MachineRefused("Only the worker that holds the job can do this")
        return job

    def require_worker(self) -> WorkerAccess:
        """Return the worker that calls. Raises SessionMissing, MachineRefused."""
        worker = self.require_session().worker
        if worker is None:
            raise MachineRefused("Only a worker can do this")
        return worker

    def has_role(self, origin: str, minimum: Role) -> bool:
        """Return True if the caller has at least this role in an origin."""
        role = self.role_in(origin)
        return role is not None and role >= minimum

    def role_in(self, origin: str) -> Role | None:
        """Return the caller's role in an origin, or None if it is not a member.

        A named token that is bound to another origin has no role. All decisions about one origin come down to this
        function, and those about many origins to `access`.
        """
        session = self.session
        if session is None:
            return None
        if not session.reaches(origin):
            return None
        if session.is_builder:
            return Role.OWNER
        if origin not in self._roles:
            self._note_role(origin, session, read_many(self._role_keys(origin)))
        if session.job is not None and self._job_use is not None and self._roles[origin] is not None:
            return machines.role_for(self._job_use)
        return self._roles[origin]

    def learn_roles(self, origins: Iterable[str]) -> None:
        """Read the caller's roles in several origins at once, so that later questions about them need no call."""
        session = self.session
        if session is None or session.is_builder:
            return
        unknown = [origin for origin in dict.fromkeys(origins) if origin not in self._roles and session.reaches(origin)]
        found = read_many([key for origin in unknown for key in self._role_keys(origin)])
        for origin in unknown:
            self._note_role(origin, session, found)

    def may_see(self, origin: str, visibility: Visibility) -> bool:
        """Return True if the caller sees an origin's packages of a visibility (packages.md 1.1)."""
        return visibility is Visibility.PUBLIC or self.role_in(origin) is not None

    def _own_keys(self) -> list[Key[Any]]:
        credential = self._credential
        if credential is None:
            return []
        keys: list[Key[Any]] = [] if credential.key is None else [credential.key]
        if self._origin is not None and credential.account_id != BUILDER_ID:
            keys += self._role_keys(self._origin)
        return keys

    def _proven(self, found: Found) -> Session | None:
        credential = self._credential
        if credential is None:
            return None
        if credential.key is None:
            return Session(credential.account_id, credential.name, credential.flags, trigger=self._trigger)
        row = found.get(credential.key)
        if credential.machine is not None:
            if row is None:
                raise AttemptOver if self._is_for_jobs and machines.is_of_job(credential.machine) else TokenRefused
            return machines.proven_session(row, credential.machine, credential.fingerprint, self._trigger)
        if row is None or not proves(row, credential):
            raise TokenRefused
        grant = None
        if isinstance(row, NamedTokenRow):
            grant = row.grant
            account_rows.note_use(row)
        return Session(credential.account_id, row.name, credential.flags, grant, self._trigger)

    def _role_keys(self, origin: str) -> list[Key[Any]]:
        credential = self._credential
        if credential is None:
            return []
        if credential.machine is not None:
            return [origin_key(origin)]
        key = member_key(origin, credential.account_id)
        return [key, origin_key(origin)] if self._changes else [key]

    def _note_role(self, origin: str, session: Session, found: Found) -> None:
        row = found.get(origin_key(origin)) if self._changes or session.job is not None else None
        origin_id = None if row is None else int(row.id)
        if session.job is None:
            self._roles[origin] = _role(found.get(member_key(origin, session.account_id)))
        else:
            is_own = (origin, origin_id) == (session.job.origin, session.job.origin_id)
            self._roles[origin] = Role.MEMBER if is_own else None
        if self._changes:
            self._origin_ids[origin] = origin_id


def _role(row: MemberRow | None) -> Role | None:
    return None if row is None else Role.parse(row.role)
