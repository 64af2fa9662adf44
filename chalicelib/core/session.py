"""The session of a signed-in account, which every change records (accounts.md section 2)."""

from msgspec import Struct

from chalicelib.core.event_kinds import Trigger
from chalicelib.core.roles import SessionFlags
from chalicelib.core.token_scope import Grant

BUILDER_ID = 0
"""The account id of the build service."""


class Session(Struct, frozen=True):
    """A signed-in account. `grant` limits a named token; None means all rights of the account."""

    account_id: int
    name: str
    flags: SessionFlags
    grant: Grant | None = None
    trigger: Trigger = Trigger.UNKNOWN

    @property
    def is_builder(self) -> bool:
        """True for the build service, which passes every role check."""
        return SessionFlags.BUILD_WORKER in self.flags or self.account_id == BUILDER_ID

    def may_use_role_in(self, origin: str) -> bool:
        """Return True unless the session is a named token that is bound to another origin."""
        return self.grant is None or self.grant.is_member_in(origin)
