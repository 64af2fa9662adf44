"""The origins that an account belongs to (accounts.md 8.3)."""

from dataclasses import dataclass

from chalicelib.catalog.member_rows import ORIGIN_OF, MembershipOfAccountRow
from chalicelib.catalog.origin_rows import OriginRow, origin_count_key, origin_key
from chalicelib.identity import rows as account_rows
from chalicelib.platform.table import read_many, rows


@dataclass(frozen=True, slots=True)
class OwnOrigin:
    """An origin that an account is a member of, and how many package names have settings there."""

    name: str
    row: OriginRow
    package_count: int


def origins_of(account_id: int) -> list[OwnOrigin]:
    """The origins of an account, by name. Two calls: the memberships, then origins and their counts together."""
    memberships = rows(MembershipOfAccountRow, account_rows.account_partition(account_id), begins=ORIGIN_OF)
    names = [row.sk.removeprefix(ORIGIN_OF) for row in memberships]
    found = read_many([key for name in names for key in (origin_key(name), origin_count_key(name))])
    own = []
    for name in names:
        row, counts = found.get(origin_key(name)), found.get(origin_count_key(name))
        if row is not None:  # it may have been deleted between the two calls
            own.append(OwnOrigin(name, row, 0 if counts is None else int(counts.settings)))
    return own
