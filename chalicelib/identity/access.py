"""What a caller may see in answers that span origins (packages.md 1.1, 6 and 11)."""

from msgspec import Struct

from chalicelib.catalog.member_rows import ORIGIN_OF, MembershipOfAccountRow
from chalicelib.identity.caller import Caller
from chalicelib.identity.rows import account_partition
from chalicelib.platform.table import rows


class VisibleOrigins(Struct, frozen=True):
    """The origins in which a caller sees private and hidden packages; the public ones are for all."""

    origins: frozenset[str] = frozenset()
    everywhere: bool = False

    @classmethod
    def of(cls, caller: Caller) -> "VisibleOrigins":
        """One Query of the caller's memberships, none for nobody and for the build service."""
        session = caller.session
        if session is None or session.is_builder:
            return cls(everywhere=session is not None)
        memberships = rows(MembershipOfAccountRow, account_partition(session.account_id), begins=ORIGIN_OF)
        return cls(frozenset(row.sk.removeprefix(ORIGIN_OF) for row in memberships))

    def reaches(self, origin: str) -> bool:
        """True for a member of the origin."""
        return self.everywhere or origin in self.origins
