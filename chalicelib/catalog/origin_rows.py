"""Rows of an origin itself; its members, keys and secrets have modules of their own in this folder.

Nearly all rows of an origin share its partition, `ORIGIN#<name>`. Every write into an origin demands in its own
transaction that the origin's row is there (`require`), so nothing can come into an origin that is being deleted.
"""

from chalicelib.catalog.errors import OriginMissing
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.table import Key, Row, partition


class OriginRow(Row):
    """An origin. The owner's name stands beside the id, because account names never change."""

    owner_id = NumberAttribute()
    owner_name = UnicodeAttribute()
    default_package_visibility = UnicodeAttribute()
    created_at = UnicodeAttribute()


class OriginCountRow(Row):
    """What an origin holds, kept in the transactions that change it, so that lists know their total without counting.

    Idents and names are counted as lists show them: all, and those with something public. Deletion demands in its
    transaction that nothing is left, so everything that keeps an origin alive is counted here.
    """

    packages = NumberAttribute(default=0)
    idents = NumberAttribute(default=0)
    public_idents = NumberAttribute(default=0)
    names = NumberAttribute(default=0)
    public_names = NumberAttribute(default=0)
    settings = NumberAttribute(default=0)
    public_settings = NumberAttribute(default=0)
    members = NumberAttribute(default=0)
    secrets = NumberAttribute(default=0)
    integrations = NumberAttribute(default=0)
    projects = NumberAttribute(default=0)


class LeavingOriginRow(Row):
    """An origin under deletion: gone for every reader, while its rows are taken down; a repeat goes on here.

    `id` tells this deletion from a later one of the same name.
    """

    id = NumberAttribute()
    owner_id = NumberAttribute()


def origin_partition(origin: str) -> str:
    """Where the rows of an origin stand."""
    return partition("ORIGIN", origin)


def origin_key(origin: str) -> Key[OriginRow]:
    """Where an origin stands."""
    return Key(OriginRow, origin_partition(origin), "ORIGIN")


def origin_count_key(origin: str) -> Key[OriginCountRow]:
    """Where an origin's counts stand."""
    return Key(OriginCountRow, origin_partition(origin), "COUNTS")


def leaving_key(origin: str) -> Key[LeavingOriginRow]:
    """Where an origin stands while it is being deleted."""
    return Key(LeavingOriginRow, origin_partition(origin), "LEAVING")


def require(change: Change, origin: str) -> None:
    """Let a change into an origin happen only while there is such an origin; otherwise OriginMissing."""
    change.check(origin_key(origin), OriginRow.pk.exists(), otherwise=OriginMissing())
