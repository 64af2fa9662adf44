"""Who requests a job group: an account, a push or an upload."""

from msgspec import Struct

from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.permission import Permission
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session


class Requester(Struct, frozen=True):
    """The account that requests a group, and what made it do so.

    `permission` is the role check that the request passed; None for a push or an upload, which need no role.
    """

    account_id: int
    name: str
    trigger: Trigger
    permission: Permission | None = None

    @classmethod
    def of(cls, session: Session) -> "Requester":
        """Return the requester with this session."""
        return cls(session.account_id, session.name, session.trigger, session.permission)

    @property
    def session(self) -> Session:
        """The session that changes record."""
        return Session(self.account_id, self.name, SessionFlags(0), trigger=self.trigger, permission=self.permission)

    @property
    def is_person(self) -> bool:
        """True for a request that a person made with the command line or the web UI (builds.md 6.1, 4)."""
        return self.trigger in (Trigger.HAB, Trigger.WEB)
