"""Deletion of an origin: check that it is empty, end it, remove its other rows (accounts.md 8.4).

The steps, each of which takes one or more transactions:
1. Close: check that the origin is empty and that no channel was created meanwhile, and replace the origin's row and its
   counts by a leaving row. From then on the origin does not exist for clients, and writes into it fail: each requires
   the origin's row, except changes of packages.
2. End: remove the fences of the origin, so that no change of a package can be written any more. If one was written
   meanwhile, open the origin again: its deletion is refused. Otherwise the leaving row forgets what it replaced.
3. Remove channels, keys, invitations and all other remaining rows, in batches of one transaction each. Each transaction
   requires the leaving row, so a slower process cannot remove rows of a new origin with that name.
4. Remove the leaving row and the owner's membership. Until then the membership lets the owner repeat the request.
After an interruption, a repeated deletion or the creation of an origin with that name continues with the next step.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from chalicelib.catalog import audit_rows, channel_rows, fences, name_rows, origin_rows, origin_summaries
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.channel_rows import UNSTABLE, ChannelRow, ChannelsRow
from chalicelib.catalog.fences import FenceRow
from chalicelib.catalog.lists import counted_lists, list_rows
from chalicelib.catalog.lists.list_rows import ListChangeRow, ListIndexRow
from chalicelib.catalog.long_changes import long_change_rows
from chalicelib.catalog.long_changes.long_change_rows import LongChangeRow, OpenLongChangeRow
from chalicelib.catalog.member_rows import member_key, membership_of_account_key
from chalicelib.catalog.name_rows import NameRow, VersionRow
from chalicelib.catalog.origin_rows import LeavingOriginRow, OriginCountRow, OriginRow
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.deprecations import rows as deprecation_rows
from chalicelib.deprecations.rows import DeprecationRow
from chalicelib.identity import worker_rows
from chalicelib.identity.worker_rows import WorkerRow
from chalicelib.origins.errors import NotOwner, OriginNotEmpty
from chalicelib.origins.invitations import rows as invitation_rows
from chalicelib.origins.keys import rows as key_rows
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import read, read_many, rows
from chalicelib.retention import rows as policy_rows

GROUP_LIMIT = 90
"""Rows that are removed in one transaction, which holds 100."""


class _AlreadyFinished(Exception):
    """The leaving row no longer exists: another process finished the deletion, and the name may be in use again."""


def delete(origin: str, by: Session) -> None:
    """Delete an empty origin; an interrupted deletion may be repeated. Raises NotOwner, OriginNotEmpty."""
    retry_when_stale(lambda: _close(origin, by))
    finish(origin)


def _close(origin: str, by: Session) -> None:
    key, counts_key = origin_rows.origin_key(origin), origin_rows.origin_count_key(origin)
    leaving_key, channels_key = origin_rows.leaving_key(origin), channel_rows.list_key(origin)
    found = read_many([key, counts_key, leaving_key, channels_key])
    row, leaving = found.get(key), found.get(leaving_key)
    if row is None and leaving is not None and int(leaving.owner_id) == by.account_id:
        return
    if row is None or int(row.owner_id) != by.account_id:
        raise NotOwner
    _require_empty(origin, found.get(counts_key) or OriginCountRow())
    replaced: list[Row | None] = [row, found.get(counts_key), found.get(channels_key)]
    closed = json.dumps([None if each is None else each.serialize() for each in replaced])
    with Change() as change:
        change.delete(key, condition=(OriginRow.id == int(row.id)) & (OriginRow.owner_id == by.account_id))
        origin_summaries.note_origin(change, origin)
        change.delete(counts_key, condition=_counts_of_an_empty_origin())
        change.delete(channels_key, condition=_unchanged(found.get(channels_key)))
        change.add(LeavingOriginRow(leaving_key.pk, leaving_key.sk, id=new_id(), owner_id=by.account_id, closed=closed))


def _require_empty(origin: str, counts: OriginCountRow) -> None:
    channels = rows(ChannelRow, channel_rows.channels_partition(origin), keys_only=True)
    channel_count = sum(not channel_rows.is_of_group(row.sk) for row in channels)  # those of groups are deleted along
    for number, allowed, counted, rule in (
        (counts.projects, 0, "projects", "Must be zero."),
        (counts.members, 1, "members", "Only one is allowed."),
        (counts.secrets, 0, "secrets", "Must be zero."),
        (counts.integrations, 0, "integrations", "Must be zero."),
        (channel_count, len(channel_rows.INITIAL_CHANNELS), "channels", "Only two are allowed [unstable, stable]."),
    ):
        if number != allowed:
            raise _not_empty(origin, int(number), counted, rule)
    _require_no_packages(origin)


def _require_no_packages(origin: str) -> None:
    """Raise OriginNotEmpty if the origin has packages, all of which are in `unstable`, or settings of packages."""
    for name, counted in (
        (list_rows.channel_list(UNSTABLE), "packages"),
        (list_rows.SETTINGS, "package settings entries"),
    ):
        number = counted_lists.counted_alone(origin, name).whole.total(member=True)
        if number:
            raise _not_empty(origin, number, counted, "Must be zero.")


def _not_empty(origin: str, number: int, counted: str, rule: str) -> OriginNotEmpty:
    return OriginNotEmpty(f"There are {number} {counted} remaining in origin {origin}. {rule}")


def _counts_of_an_empty_origin() -> Any:
    return (
        (OriginCountRow.projects == 0)
        & (OriginCountRow.members == 1)
        & (OriginCountRow.secrets == 0)
        & (OriginCountRow.integrations == 0)
    )


def _unchanged(channels: ChannelsRow | None) -> Any:
    """Return the condition that no channel was created since the list's revision was read."""
    return ChannelsRow.pk.does_not_exist() if channels is None else ChannelsRow.revision == int(channels.revision)


def finish(origin: str) -> None:
    """Continue the deletion of an origin. Does nothing if the origin has no leaving row.

    Raises OriginNotEmpty if packages were added while the deletion began. The origin then exists as before.
    """
    leaving_key = origin_rows.leaving_key(origin)
    leaving = read(leaving_key)
    if leaving is None:
        return
    same_deletion = LeavingOriginRow.id == int(leaving.id)
    owner_id = int(leaving.owner_id)
    try:
        if leaving.closed is not None:
            _end(origin, leaving, same_deletion)
        for group in _grouped(_remaining_keys(origin)):
            with Change() as change:
                change.check(leaving_key, same_deletion, otherwise=_AlreadyFinished())
                _delete_all(change, group)
        with Change() as change:
            change.delete(leaving_key, condition=same_deletion, otherwise=_AlreadyFinished())
            _delete_all(change, [member_key(origin, owner_id), membership_of_account_key(owner_id, origin)])
    except _AlreadyFinished:
        return


def _end(origin: str, leaving: LeavingOriginRow, same_deletion: Condition) -> None:
    """End a closed origin, or open it again. Raises OriginNotEmpty, _AlreadyFinished."""
    fences.remove_all(origin)
    leaving_key = origin_rows.leaving_key(origin)
    replaced = _replaced(leaving)
    try:
        _require_no_packages(origin)
    except OriginNotEmpty:
        with Change() as change:
            change.delete(leaving_key, condition=same_deletion, otherwise=_AlreadyFinished())
            for row in replaced:
                change.add(row)
            origin_summaries.note_origin(change, origin)
        raise
    origin_row = replaced[0]
    owner = Session(int(leaving.owner_id), origin_row.owner_name, SessionFlags(0))
    with Change() as change:
        change.update(
            leaving_key,
            [LeavingOriginRow.closed.remove()],
            condition=same_deletion & LeavingOriginRow.closed.exists(),
            otherwise=_AlreadyFinished(),
        )
        audit_rows.record(change, AuditAction.ORIGIN_DELETE, owner, origin=origin, target=origin)


def _replaced(leaving: LeavingOriginRow) -> list[Any]:
    """Return the rows that a leaving row has replaced: that of the origin first."""
    stored = json.loads(leaving.closed or "[]")
    kinds = (OriginRow, OriginCountRow, ChannelsRow)
    return [kind.from_raw_data(row) for kind, row in zip(kinds, stored, strict=True) if row is not None]


def _remaining_keys(origin: str) -> Iterator[Sequence[Key[Any]]]:
    """Yield the keys of the remaining rows. The keys in one sequence must be deleted in one transaction."""
    for invitation in invitation_rows.invitations(origin):
        yield invitation_rows.keys_of(invitation)
    for public in key_rows.public_keys(origin):
        yield [key_rows.public_key(origin, public.revision)]
    for secret in key_rows.secret_keys(origin):
        yield [key_rows.secret_key(origin, secret.full_name)]
    yield [key_rows.encryption_keys_key(origin), key_rows.clock_key(origin), policy_rows.policy_key(origin)]
    yield from _view_keys(origin)
    for kind, pk in (
        (ChannelRow, channel_rows.channels_partition(origin)),
        (ListIndexRow, list_rows.index_partition(origin)),
        (ListChangeRow, list_rows.changes_partition(origin)),
        (FenceRow, fences.fences_partition(origin)),
        (LongChangeRow, long_change_rows.long_changes_partition(origin)),
        (DeprecationRow, deprecation_rows.deprecations_partition(origin)),
        (WorkerRow, worker_rows.workers_partition(origin)),
    ):
        for row in rows(kind, pk):
            yield [Key(kind, row.pk, row.sk)]
    for running in rows(OpenLongChangeRow, long_change_rows.OPEN, begins=long_change_rows.open_prefix(origin)):
        yield [Key(OpenLongChangeRow, running.pk, running.sk)]
    for name in rows(NameRow, name_rows.names_partition(origin)):  # counts of deleted packages remain, with zero
        for version in rows(VersionRow, name_rows.version_count_key(origin, name.sk, "").pk):
            yield [Key(VersionRow, version.pk, version.sk)]
        yield [Key(NameRow, name.pk, name.sk)]


def _view_keys(origin: str) -> Iterator[Sequence[Key[Any]]]:
    """Yield the keys of the views of channels: of the initial ones, and of deleted ones whose lists have indexes."""
    indexes = rows(ListIndexRow, list_rows.index_partition(origin), keys_only=True)
    channels = {channel for index in indexes if (channel := list_rows.channel_of(index.sk)) is not None}
    for channel in sorted(channels.union(channel_rows.INITIAL_CHANNELS)):
        yield [channel_rows.newest_of_all_key(origin, channel, target) for target in Target]


def _grouped(sequences: Iterable[Sequence[Key[Any]]]) -> Iterator[list[Key[Any]]]:
    group: list[Key[Any]] = []
    for keys in sequences:
        if len(group) + len(keys) > GROUP_LIMIT:
            yield group
            group = []
        group.extend(keys)
    if group:
        yield group


def _delete_all(change: Change, keys: Iterable[Key[Any]]) -> None:
    for key in keys:
        change.delete(key)
