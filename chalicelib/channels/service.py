"""The rules of channels: creation, deletion, promotion and demotion (packages.md 9.1-9.3, 9.7, 9.8)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby

from chalicelib.catalog import channel_rows, event_rows, fences, origin_rows, steps
from chalicelib.catalog.channel_rows import (
    INITIAL_CHANNELS,
    UNSTABLE,
    ChannelRow,
    LeavingChannelRow,
    LeavingFromRow,
    MembershipRow,
)
from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.steps import Observed
from chalicelib.channels.errors import ChannelExists, ChannelNameInvalid, ChannelProtected, NotInChannel
from chalicelib.core.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.plain_text import is_plain_name
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import TRANSACTION_LIMIT, Change, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.failures import Failures
from chalicelib.platform.table import read, read_many, rows

SANDBOX_PREFIX = "bldr-"
AFTER_SANDBOXES = SANDBOX_PREFIX + chr(0x10FFFF)
SANDBOXES_LISTED = 10_000
SANDBOXES_SKIPPED = 1_000

SHARED_ROWS = 2
"""Rows that every transaction of a deletion needs besides its packages: the deletion's own row, and one for lists."""


def names(origin: str, sandbox: bool) -> list[str]:
    """Return the channels of an origin, ascending by bytes.

    With `sandbox`, the newest channels of job groups are among them, SANDBOXES_LISTED at most, otherwise none.
    """
    partition = channel_rows.channels_partition(origin)
    found = list(_outside_of_sandboxes(partition))
    if sandbox:
        newest = rows(ChannelRow, partition, begins=SANDBOX_PREFIX, newest_first=True, limit=SANDBOXES_LISTED)
        found += [row.name for row in newest]
    return sorted(found)


def _outside_of_sandboxes(partition: str) -> Iterator[str]:
    """Yield the channels that are not those of job groups. If there are many of the latter, most are not read."""
    skipped = 0
    for row in rows(ChannelRow, partition):
        if not row.name.startswith(SANDBOX_PREFIX):
            yield row.name
            continue
        skipped += 1
        if skipped == SANDBOXES_SKIPPED:
            yield from (other.name for other in rows(ChannelRow, partition, after=AFTER_SANDBOXES))
            return


def create(origin: str, channel: str, by: Session) -> ChannelRow:
    """Create an empty channel. An unfinished deletion of a channel with that name is completed first.

    Raises ChannelNameInvalid, ChannelExists, TooManyInOrigin, ChannelMissing if the origin does not exist.
    """
    if not is_plain_name(channel):
        raise ChannelNameInvalid("A channel's name must not be `.` or `..` or have invisible characters")
    leaving_key = channel_rows.leaving_key(origin, channel)
    if read(leaving_key) is not None:
        _remove_members(origin, channel)
    moment = now()
    key = channel_rows.channel_key(origin, channel)
    row = ChannelRow(key.pk, key.sk, id=new_id(moment), owner_id=by.account_id, created_at=timestamp(moment))
    with Change() as change:
        change.add(row, otherwise=ChannelExists())
        origin_rows.require(change, origin, by.permission, otherwise=ChannelMissing)
        change.check(leaving_key, LeavingChannelRow.pk.does_not_exist(), otherwise=ChannelExists())
        channel_rows.add_to_list(change, origin, channel)
    return row


def delete(origin: str, channel: str, by: Session) -> None:
    """Delete a channel, if there is one; its packages remain. Raises ChannelProtected.

    Readers stop seeing the channel immediately. Then its packages are removed from it in batches of one transaction
    each. After an interruption, a repeat, a new channel with that name or the sweep removes the rest.
    """
    if channel in INITIAL_CHANNELS:
        raise ChannelProtected
    retry_when_stale(partial(_close, origin, channel, by))
    _remove_members(origin, channel)


def _close(origin: str, channel: str, by: Session) -> None:
    """Replace the channel's row by the row of its deletion."""
    key, leaving_key = channel_rows.channel_key(origin, channel), channel_rows.leaving_key(origin, channel)
    row = read(key)
    if row is None:
        return
    with Change() as change:
        origin_rows.require_role(change, origin, by.permission)
        change.delete(key, condition=ChannelRow.id == int(row.id))
        channel_rows.remove_from_list(change, origin, channel)
        change.add(LeavingChannelRow(leaving_key.pk, leaving_key.sk, id=new_id()))
        change.update(channel_rows.leaving_from_key(origin), [LeavingFromRow.deletions.add(1)])


def finish_deletions(enough: Callable[[], bool], failures: Failures) -> int:
    """Complete interrupted deletions until `enough` returns True, and return how many were completed.

    A channel or an origin that fails is skipped; the next run tries it again.
    """
    finished = 0
    for origin in rows(LeavingFromRow, channel_rows.LEAVING_FROM):
        with failures.skipped():
            failed_before = failures.number
            for leaving in rows(LeavingChannelRow, channel_rows.leaving_partition(origin.origin)):
                if enough():
                    return finished
                with failures.skipped():
                    _remove_members(origin.origin, leaving.sk)
                    finished += 1
            if failures.number == failed_before:
                _forget(origin)
    return finished


def _forget(origin: LeavingFromRow) -> None:
    """Delete the row of an origin without unfinished channel deletions, unless another deletion has started."""
    no_newer = LeavingFromRow.deletions == int(origin.deletions)
    with suppress(_DeletionStarted), Change() as change:
        change.delete(channel_rows.leaving_from_key(origin.origin), no_newer, otherwise=_DeletionStarted())


class _DeletionStarted(Exception):
    """Another channel of the origin is being deleted. The next sweep checks the origin again."""


class _DeletionFinished(Exception):
    """Another request completed the deletion. A channel with that name may have been created since; leave it alone."""


def _remove_members(origin: str, channel: str) -> None:
    """Remove all packages from a channel under deletion, then the row of the deletion."""
    leaving_key = channel_rows.leaving_key(origin, channel)
    leaving = read(leaving_key)
    if leaving is None:
        return
    same_deletion = LeavingChannelRow.id == int(leaving.id)
    fences.remove_all(origin)  # nothing joins the channel from now on
    try:
        for idents in _batches(rows(MembershipRow, channel_rows.members_partition(origin, channel))):
            retry_when_stale(partial(_leave, channel, idents, same_deletion))
        with Change() as change:
            change.delete(leaving_key, same_deletion, otherwise=_DeletionFinished())
    except _DeletionFinished:
        return


def _batches(members: Iterable[MembershipRow]) -> Iterator[list[PackageIdent]]:
    """Yield idents that fit into one transaction with all their targets: an ident needs one row, a target two."""
    batch: list[PackageIdent] = []
    size = SHARED_ROWS
    for ident, targets in groupby(members, key=lambda row: row.ident):
        needed = 1 + 2 * len(list(targets))
        if size + needed > TRANSACTION_LIMIT:
            yield batch
            batch, size = [], SHARED_ROWS
        batch.append(PackageIdent.parse(ident))
        size += needed
    if batch:
        yield batch


def _leave(channel: str, idents: Sequence[PackageIdent], same_deletion: Condition) -> None:
    found = read_many([key for ident in idents for key in steps.keys_of(ident)])
    observed = [Observed.from_rows(ident, found) for ident in idents]
    changed = [(each, after) for each in observed if (after := each.standing.outside(channel)) != each.standing]
    if not changed:
        return
    with Change() as change:
        leaving_key = channel_rows.leaving_key(idents[0].origin, channel)
        change.check(leaving_key, same_deletion, otherwise=_DeletionFinished())
        steps.steps_together(change, changed)


def promote(ident: PackageIdent, target: Target, channel: str, by: Session) -> None:
    """Add a package to a channel. A repeat changes nothing and records no event (packages.md 9.7).

    Raises ChannelMissing, ReleaseMissing, TooManyChannels.
    """
    fences.protected(ident.origin, by.permission, partial(_promote, ident, target, channel, by))


def _promote(ident: PackageIdent, target: Target, channel: str, by: Session, fence: Fence) -> None:
    channel_key = channel_rows.channel_key(ident.origin, channel)
    found = read_many([*steps.keys_of(ident), channel_key, *event_rows.keys_before()])
    event_rows.note_shards(found)
    observed = Observed.from_rows(ident, found)
    placement = observed.standing.placements.get(target)
    if found.get(channel_key) is None:
        raise ChannelMissing
    if placement is None:
        raise ReleaseMissing
    if channel in placement.channels:
        return
    with Change() as change:
        fence.check(change, by.permission)
        after = observed.standing.with_placement(target, placement.joined(channel))
        steps.step(change, observed, after, by=by)
        change.add(event_rows.event(ChannelOperation.PROMOTE, ident, target, channel, by, public=after.is_public))


def demand_demotable(channel: str) -> None:
    """Raise ChannelProtected for `unstable`, from which packages cannot be demoted (packages.md 9.8)."""
    if channel == UNSTABLE:
        raise ChannelProtected


def demote(ident: PackageIdent, target: Target, channel: str, by: Session) -> None:
    """Remove a package from a channel (packages.md 9.8).

    Raises NotInChannel, also if the channel or the package does not exist.
    """
    fences.protected(ident.origin, by.permission, partial(_demote, ident, target, channel, by))


def _demote(ident: PackageIdent, target: Target, channel: str, by: Session, fence: Fence) -> None:
    channel_key = channel_rows.channel_key(ident.origin, channel)
    found = read_many([*steps.keys_of(ident), channel_key, *event_rows.keys_before()])
    event_rows.note_shards(found)
    observed = Observed.from_rows(ident, found)
    placement = observed.standing.placements.get(target)
    if found.get(channel_key) is None or placement is None or channel not in placement.channels:
        raise NotInChannel
    with Change() as change:
        fence.check(change, by.permission)
        after = observed.standing.with_placement(target, placement.left(channel))
        steps.step(change, observed, after)
        change.add(event_rows.event(ChannelOperation.DEMOTE, ident, target, channel, by, public=after.is_public))
