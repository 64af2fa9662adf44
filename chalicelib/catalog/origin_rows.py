"""The row of an origin and its counts.

Most rows of an origin share its partition, `ORIGIN#<name>`. Every write into an origin checks in its own transaction
that the origin's row exists (`require`), so nothing can be added to an origin under deletion. The check includes the
id of the origin and the role of the account, so a slow request cannot write into an origin that was deleted and created
again, or in which the account lost its role. Changes of packages, of which there are many at the same time, check a
fence instead (`catalog/fences.py`).
"""

from chalicelib.catalog.errors import OriginMissing, RoleLost, TooManyInOrigin
from chalicelib.catalog.member_rows import MemberRow, member_key
from chalicelib.core.deferred import deferred
from chalicelib.core.permission import Permission
from chalicelib.core.roles import Role
from chalicelib.platform.attributes import Condition, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.clock import moment_of
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import read_many

with deferred():
    from chalicelib.catalog import job_token_rows

MOST = {
    "members": 5_000,
    "invitations": 2_000,
    "keys": 2_000,
    "secrets": 500,
    "integrations": 500,
    "channels": 1_000,
    "projects": 10_000,
    "workers": 50,
}
"""How many of each an origin can have. Their lists have no pages, so they must fit one answer."""


class OriginRow(Row):
    """An origin. It stores the owner's name besides the id, which is safe because account names never change.

    `id` distinguishes it from an earlier or later origin of the same name.
    """

    id = NumberAttribute()
    owner_id = NumberAttribute()
    owner_name = UnicodeAttribute()
    default_package_visibility = UnicodeAttribute()
    created_at = UnicodeAttribute()


class OriginCountRow(Row):
    """The counts of an origin's members, secrets etc., updated in the transactions that change them.

    The deletion of an origin checks in its transaction that the counts show an empty origin. Packages are not counted
    here, because many clients change them at the same time (`catalog/lists/counted_lists.py`).
    """

    members = NumberAttribute(default=0)
    secrets = NumberAttribute(default=0)
    secret_bytes = NumberAttribute(default=0)
    integrations = NumberAttribute(default=0)
    invitations = NumberAttribute(default=0)
    keys = NumberAttribute(default=0)
    projects = NumberAttribute(default=0)
    workers = NumberAttribute(default=0)


class LeavingOriginRow(Row):
    """An origin under deletion. Readers no longer see it; its rows are deleted in batches.

    A repeated request continues the deletion. `id` distinguishes it from a later deletion of the same name. While
    `closed` is set, it holds the rows that the deletion has replaced, in JSON: packages may still be added by changes
    that are under way, and then the origin is opened again.
    """

    id = NumberAttribute()
    owner_id = NumberAttribute()
    closed = UnicodeAttribute(null=True)


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


def require(
    change: Change, origin: str, permission: Permission | None, otherwise: type[Exception] = OriginMissing
) -> None:
    """Add the checks that the origin exists and that the account still has its permission in it.

    Without a permission, only the existence is checked. The change raises OriginMissing (or `otherwise`) or RoleLost.
    """
    change.check(origin_key(origin), is_unchanged(origin, permission), otherwise=otherwise())
    require_role(change, origin, permission)


def demand_valid(permission: Permission) -> None:
    """Read a permission again. One call. Raises RoleLost or OriginMissing if it does not hold any more.

    Whether the attempt of a job has ended is checked by the change itself.
    """
    key, their_key = origin_key(permission.origin), member_key(permission.origin, permission.account_id)
    found = read_many([key, their_key])
    row, member = found.get(key), found.get(their_key)
    if permission.attempt is None and (member is None or Role.parse(member.role) < permission.minimum):
        raise RoleLost(status=permission.refused)
    if row is None or not is_same(row, permission):
        raise OriginMissing


def is_unchanged(origin: str, permission: Permission | None) -> Condition:
    """Return the condition on an origin's row that it exists and is still the origin of the permission."""
    if permission is None or permission.origin != origin:
        return OriginRow.pk.exists()
    # No row has the id 0: an origin that did not exist when the role was read is not one that was created since.
    return OriginRow.id == (permission.origin_id or 0)


def is_same(row: OriginRow, permission: Permission | None) -> bool:
    """Return whether a row is that of the origin of the permission, and not of another one with the same name."""
    return permission is None or permission.origin_id == int(row.id)


def has_made(row: OriginRow | None, made_id: int) -> bool:
    """Return whether what has an id was made in an origin, and not in a deleted one of the same name.

    Ids grow with time. Those of one millisecond are in no order.
    """
    return row is not None and moment_of(made_id) >= moment_of(int(row.id))


def require_role(change: Change, origin: str, permission: Permission | None) -> None:
    """Add the check that the account still has its role, or that the attempt of the job has not ended.

    The change raises RoleLost. No check without a permission.

    This is enough for changes of packages: an account of a deleted origin is not a member of a new one.
    """
    if permission is None or permission.origin != origin:
        return
    lost = RoleLost(status=permission.refused)
    if permission.attempt is not None:
        job_token_rows.require(change, permission.account_id, permission.attempt, otherwise=lost)
        return
    roles = [str(role) for role in permission.minimum.and_higher]
    key = member_key(origin, permission.account_id)
    change.check(key, MemberRow.role.is_in(*roles), otherwise=lost)


def add_limited(change: Change, origin: str, kind: str) -> None:
    """Count one more of a kind in MOST. The change raises TooManyInOrigin if the origin has the most it can have."""
    counted = getattr(OriginCountRow, kind)
    change.update(
        origin_count_key(origin), [counted.add(1)], condition=is_below_most(counted, kind), otherwise=too_many(kind)
    )


def is_below_most(counted: NumberAttribute, kind: str) -> Condition:
    """Return the condition that a count leaves room for one more of a kind in MOST."""
    condition: Condition = counted.does_not_exist() | (counted < MOST[kind])
    return condition


def too_many(kind: str) -> TooManyInOrigin:
    """Return the refusal of one more of a kind in MOST."""
    return TooManyInOrigin(f"An origin can have {MOST[kind]} {kind} at most")
