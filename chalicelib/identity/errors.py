"""Refusals of callers, and the status of each (accounts.md sections 2 and 6.2)."""

from chalicelib.core.explained import Explained
from chalicelib.core.tokens.token_scope import Grant, Scope


class TokenRefused(Exception):
    """The token is invalid. It is refused on every path, even where none is needed (accounts.md 2)."""


class AttemptOver(Explained):
    """The attempt of the job has ended, or another worker has the job. The worker must stop the build."""

    def __init__(self) -> None:
        super().__init__("The attempt of the job has ended")


class MachineRefused(Explained):
    """The token is that of a worker, a job or a build, and the operation is not one of theirs, or the reverse."""


class SessionMissing(Exception):
    """The caller is not signed in."""


class RoleMissing(Exception):
    """The account's role in the origin is too low, or it is not a member.

    The status is 403; writes of channels answer 401 instead (packages.md 1.1).
    """

    def __init__(self, text: str = "", status: int = 403) -> None:
        super().__init__(text)
        self.status = status


class ScopeMissing(Explained):
    """The named token lacks the scope, or is bound to another origin."""

    def __init__(self, needed: Scope | None, grant: Grant) -> None:
        bound_to = f" in origin {grant.origin}" if grant.origin else ""
        problem = "cannot do this: only the account itself can" if needed is None else f"lacks the scope {needed}"
        super().__init__(f"The token has the scopes {', '.join(sorted(grant.scopes))}{bound_to} and {problem}.")


STATUS: dict[type[Exception], int] = {
    TokenRefused: 401,
    AttemptOver: 409,
    MachineRefused: 403,
    SessionMissing: 401,
    RoleMissing: 403,
    ScopeMissing: 403,
}
