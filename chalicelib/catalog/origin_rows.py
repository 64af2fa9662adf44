"""The row of an origin and its counts.

Most rows of an origin share its partition, `ORIGIN#<name>`. Every write into an origin checks in its own transaction
that the origin's row exists (`require`), so nothing can be added to an origin under deletion.
"""

from chalicelib.catalog.errors import OriginMissing, TooManyInOrigin
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.table import Key, Row, partition

MOST = {"members": 5_000, "invitations": 2_000, "keys": 2_000, "secrets": 500, "integrations": 500}
"""How many of each an origin can have. Their lists have no pages, so they must fit one answer."""


class OriginRow(Row):
    """An origin. It stores the owner's name besides the id, which is safe because account names never change."""

    owner_id = NumberAttribute()
    owner_name = UnicodeAttribute()
    default_package_visibility = UnicodeAttribute()
    created_at = UnicodeAttribute()


class OriginCountRow(Row):
    """The counts of an origin's packages, members, secrets etc., updated in the transactions that change them.

    Lists take their totals from here. Idents, names and settings have two counts, one for members and one for the
    public. The deletion of an origin checks in its transaction that the counts show an empty origin.
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
    secret_bytes = NumberAttribute(default=0)
    integrations = NumberAttribute(default=0)
    invitations = NumberAttribute(default=0)
    keys = NumberAttribute(default=0)
    projects = NumberAttribute(default=0)


class LeavingOriginRow(Row):
    """An origin under deletion. Readers no longer see it; its rows are deleted in batches.

    A repeated request continues the deletion. `id` distinguishes it from a later deletion of the same name.
    """

    id = NumberAttribute()
    owner_id = NumberAttribute()


def origin_partition(origin: str) -> str:
    """Partition of the rows of an origin."""
    return partition("ORIGIN", origin)


def origin_key(origin: str) -> Key[OriginRow]:
    """Key of an origin."""
    return Key(OriginRow, origin_partition(origin), "ORIGIN")


def origin_count_key(origin: str) -> Key[OriginCountRow]:
    """Key of the counts of an origin."""
    return Key(OriginCountRow, origin_partition(origin), "COUNTS")


def leaving_key(origin: str) -> Key[LeavingOriginRow]:
    """Key of an origin under deletion."""
    return Key(LeavingOriginRow, origin_partition(origin), "LEAVING")


def require(change: Change, origin: str) -> None:
    """Add a check that the origin exists. If it does not, the change raises OriginMissing and writes nothing."""
    change.check(origin_key(origin), OriginRow.pk.exists(), otherwise=OriginMissing())


def add_limited(change: Change, origin: str, kind: str) -> None:
    """Count one more of a kind in MOST. The change raises TooManyInOrigin if the origin has the most it can have."""
    counted = getattr(OriginCountRow, kind)
    change.update(
        origin_count_key(origin),
        [counted.add(1)],
        condition=counted.does_not_exist() | (counted < MOST[kind]),
        otherwise=TooManyInOrigin(f"An origin can have {MOST[kind]} {kind} at most"),
    )
