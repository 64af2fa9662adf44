"""What a caller may see in answers that span origins (packages.md 1.1, 6 and 11)."""

from msgspec import Struct

from chalicelib.catalog.member_rows import ORIGIN_OF, MembershipOfAccountRow
from chalicelib.identity.caller import Caller
from chalicelib.identity.rows import account_partition
from chalicelib.platform.table import rows


class VisibleOrigins(Struct, frozen=True):
    """The origins in which a caller sees private and hidden packages. Public packages are visible to everybody."""

    origins: frozenset[str] = frozenset()
    everywhere: bool = False

    @classmethod
    def of(cls, caller: Caller) -> "VisibleOrigins":
        """Return the origins of a caller.

        Reads the caller's memberships with one Query; reads nothing for anonymous callers and for the build service.
        """
        session = caller.session
        if session is None or session.is_builder:
            return cls(everywhere=session is not None)
        memberships = rows(MembershipOfAccountRow, account_partition(session.account_id), begins=ORIGIN_OF)
        origins = frozenset(row.sk.removeprefix(ORIGIN_OF) for row in memberships)
        return cls(frozenset(origin for origin in origins if session.may_use_role_in(origin)))

    def reaches(self, origin: str) -> bool:
        """Return True for an origin whose private and hidden packages the caller sees."""
        return self.everywhere or origin in self.origins
