"""What a caller may see in answers that span origins (accounts.md 8.3; packages.md 1.1, 6 and 11)."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from chalicelib.catalog.member_rows import ORIGIN_OF, MembershipOfAccountRow, member_key
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.identity.caller import Caller
from chalicelib.identity.rows import account_partition
from chalicelib.platform.table import read_many, rows


class VisibleOrigins(Struct, frozen=True):
    """The origins in which a caller sees private and hidden packages. Public packages are visible to everyone."""

    origins: frozenset[str] = frozenset()
    everywhere: bool = False

    @classmethod
    def of(cls, caller: Caller) -> "VisibleOrigins":
        """Return the origins of a caller.

        Reads the caller's memberships with one Query; reads nothing for anonymous callers and for the build service. A
        named token that is limited to an origin sees that origin only.
        """
        session = caller.session
        if session is None or session.is_builder:
            return cls(everywhere=session is not None)
        return cls(frozenset(origins_of(session)))

    def reaches(self, origin: str) -> bool:
        """Return True for an origin whose private and hidden packages the caller sees."""
        return self.everywhere or origin in self.origins


def origins_with_role(caller: Caller, origins: Iterable[str], minimum: Role) -> set[str]:
    """Return those of some origins in which the caller has a minimum role. One call per hundred origins.

    The token of a job has the role of a member in the origin of the job.
    """
    session = caller.session
    if session is None:
        return set()
    reached = [origin for origin in origins if session.reaches(origin)]
    if session.job is not None:
        return {origin for origin in reached if origin == session.job.origin and minimum <= Role.MEMBER}
    if session.is_builder:
        return set(reached)
    found = read_many([member_key(origin, session.account_id) for origin in reached])
    rows_by_origin = {origin: found.get(member_key(origin, session.account_id)) for origin in reached}
    return {origin for origin, row in rows_by_origin.items() if row is not None and Role.parse(row.role) >= minimum}


def origins_of(session: Session) -> Iterator[str]:
    """Yield the origins in which the session has a role, by name. Reads the account's memberships page by page.

    A named token that is bound to an origin has a role in that origin only, and so has the token of a job.
    """
    if session.job is not None:
        return iter([session.job.origin])
    memberships = rows(MembershipOfAccountRow, account_partition(session.account_id), begins=ORIGIN_OF)
    names = (row.sk.removeprefix(ORIGIN_OF) for row in memberships)
    return (name for name in names if session.reaches(name))
