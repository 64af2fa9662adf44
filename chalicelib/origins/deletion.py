"""Deleting an origin: the preflight, closing it in one step, and taking down what is left (accounts.md 8.4).

The steps, in the order in which they may be interrupted:
1. Close: one transaction demands that nothing counted is left, and puts a leaving row in the place of origin and
   counts. From here on the origin does not exist for readers, and no write can come into it, because every write
   demands the origin's row.
2. Take down channels, keys and invitations, as many rows at once as a transaction holds. Each such transaction demands
   the leaving row, so whoever lost the work to another cannot touch a new origin of the name.
3. Remove the leaving row and the owner's membership, which until then lets the owner repeat the request.
A repeat goes on where the last one ended. Creating the name anew does steps 2 and 3 first.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from chalicelib.catalog import audit_rows, channel_rows, origin_rows, package_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.channel_rows import ChannelCountRow, ChannelRow, LeavingChannelRow
from chalicelib.catalog.member_rows import member_key, membership_of_account_key
from chalicelib.catalog.origin_rows import LeavingOriginRow, OriginCountRow, OriginRow
from chalicelib.catalog.package_rows import NameRow, VersionRow
from chalicelib.core.session import Session
from chalicelib.deprecations import rows as deprecation_rows
from chalicelib.deprecations.rows import DeprecationRow
from chalicelib.origins.errors import NotOwner, OriginNotEmpty
from chalicelib.origins.invitations import rows as invitation_store
from chalicelib.origins.keys import rows as key_store
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import Key, count, read_many, rows
from chalicelib.retention import rows as policy_rows

GROUP_LIMIT = 90
"""Rows that one step of the taking down removes; a transaction holds 100."""


class _TakenDownByAnother(Exception):
    """The leaving row is gone: somebody else finished, and the name may be in use again."""


def delete(origin: str, by: Session) -> None:
    """Delete an origin with everything in it; safe to interrupt and to repeat. Raises NotOwner, OriginNotEmpty."""
    again_when_stale(lambda: _close(origin, by))
    take_down(origin)


def _close(origin: str, by: Session) -> None:
    place, counts_key, leaving = (
        origin_rows.origin_key(origin),
        origin_rows.origin_count_key(origin),
        origin_rows.leaving_key(origin),
    )
    found = read_many([place, counts_key, leaving])
    row, closed = found.get(place), found.get(leaving)
    if row is None and closed is not None and int(closed.owner_id) == by.account_id:
        return
    if row is None or int(row.owner_id) != by.account_id:
        raise NotOwner
    _demand_empty(origin, found.get(counts_key) or OriginCountRow())
    change = Change()
    change.delete(place, condition=OriginRow.owner_id == by.account_id)
    change.delete(counts_key, condition=_nothing_counted())
    change.add(LeavingOriginRow(leaving.pk, leaving.sk, id=new_id(), owner_id=by.account_id))
    audit_rows.record(change, AuditAction.ORIGIN_DELETE, by, origin=origin, target=origin)
    change.commit()


def _demand_empty(origin: str, counts: OriginCountRow) -> None:
    channel_count = count(ChannelRow, channel_rows.channels_partition(origin))
    born_with = len(channel_rows.BORN_WITH)
    for held, allowed, what, rule in (
        (counts.projects, 0, "projects", "Must be zero."),
        (counts.members, 1, "members", "Only one is allowed."),
        (counts.secrets, 0, "secrets", "Must be zero."),
        (counts.integrations, 0, "integrations", "Must be zero."),
        (channel_count, born_with, "channels", "Only two are allowed [unstable, stable]."),
        (counts.packages, 0, "packages", "Must be zero."),
        (counts.settings, 0, "package settings entries", "Must be zero."),
    ):
        if held != allowed:
            raise OriginNotEmpty(f"There are {int(held)} {what} remaining in origin {origin}. {rule}")


def _nothing_counted() -> Any:
    return (
        (OriginCountRow.projects == 0)
        & (OriginCountRow.members == 1)
        & (OriginCountRow.secrets == 0)
        & (OriginCountRow.integrations == 0)
        & (OriginCountRow.packages == 0)
        & (OriginCountRow.settings == 0)
    )


def take_down(origin: str) -> None:
    """Remove what a closed origin left behind; nothing happens when there is nothing, or when another is faster."""
    leaving = origin_rows.leaving_key(origin)
    closed = read_many([leaving]).get(leaving)
    if closed is None:
        return
    same = LeavingOriginRow.id == int(closed.id)
    owner_id = int(closed.owner_id)
    try:
        for group in _grouped(_remains(origin)):
            change = Change()
            change.check(leaving, same, otherwise=_TakenDownByAnother())
            _delete(change, group)
            change.commit()
        change = Change()
        change.delete(leaving, condition=same, otherwise=_TakenDownByAnother())
        _delete(change, [member_key(origin, owner_id), membership_of_account_key(owner_id, origin)])
        change.commit()
    except _TakenDownByAnother:
        return


def _remains(origin: str) -> Iterator[Sequence[Key[Any]]]:
    """The keys of what is left, those together that must go together."""
    for invitation in invitation_store.invitations(origin):
        yield invitation_store.keys_of(invitation)
    for public in key_store.public_keys(origin):
        yield [key_store.public_key(origin, public.revision)]
    for secret in key_store.secret_keys(origin):
        yield [key_store.secret_key(origin, secret.full_name), key_store.secret_name_key(secret.full_name)]
    yield [key_store.encryption_keys_key(origin), key_store.clock_key(origin), policy_rows.policy_key(origin)]
    for kind, pk in (
        (ChannelRow, channel_rows.channels_partition(origin)),
        (ChannelCountRow, channel_rows.count_key(origin, "").pk),
        (LeavingChannelRow, channel_rows.leaving_key(origin, "").pk),
        (DeprecationRow, deprecation_rows.deprecations_partition(origin)),
    ):
        for row in rows(kind, pk):
            yield [Key(kind, row.pk, row.sk)]
    for name in rows(NameRow, package_rows.names_partition(origin)):  # counts that have come down to nothing
        for version in rows(VersionRow, package_rows.version_count_key(origin, name.sk, "").pk):
            yield [Key(VersionRow, version.pk, version.sk)]
        yield [Key(NameRow, name.pk, name.sk)]


def _grouped(remains: Iterable[Sequence[Key[Any]]]) -> Iterator[list[Key[Any]]]:
    group: list[Key[Any]] = []
    for together in remains:
        if len(group) + len(together) > GROUP_LIMIT:
            yield group
            group = []
        group.extend(together)
    if group:
        yield group


def _delete(change: Change, keys: Iterable[Key[Any]]) -> None:
    for key in keys:
        change.delete(key)
