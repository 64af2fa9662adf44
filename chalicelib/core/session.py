"""The session of a signed-in account, which every change records (accounts.md section 2)."""

from msgspec import Struct

from chalicelib.core.builds.build_access import JobAccess, WorkerAccess
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.permission import Permission
from chalicelib.core.roles import SessionFlags
from chalicelib.core.tokens.token_scope import Grant

BUILDER_ID = 0
"""The account id of the build service."""


class Session(Struct, frozen=True):
    """A signed-in account, the worker of a job, or a worker. `grant` limits a named token; None: all rights.

    `job` is the attempt of a job that the session belongs to, and `account_id` then the id of the job. `worker` is the
    worker that asks for a job, and `account_id` then its id. Neither is an account.

    `permission` is the role check that the request passed. It is None for the build service, for functions on a
    schedule, and for operations that do not need a role.
    """

    account_id: int
    name: str
    flags: SessionFlags
    grant: Grant | None = None
    trigger: Trigger = Trigger.UNKNOWN
    permission: Permission | None = None
    job: JobAccess | None = None
    worker: WorkerAccess | None = None

    @property
    def is_builder(self) -> bool:
        """True for the build service, which passes every role check."""
        return SessionFlags.BUILD_WORKER in self.flags or self.account_id == BUILDER_ID

    def reaches(self, origin: str) -> bool:
        """Return True unless the session is that of a named token which is bound to another origin."""
        return self.grant is None or self.grant.is_member_in(origin)
