"""The rules of channels: their life, promotion and demotion (packages.md 9.1-9.3, 9.7, 9.8)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from chalicelib.catalog import channel_rows, event_rows, steps
from chalicelib.catalog.channel_rows import (
    BORN_WITH,
    UNSTABLE,
    ChannelRow,
    LeavingChannelRow,
    LeavingFromRow,
    MembershipRow,
)
from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing
from chalicelib.catalog.origin_rows import OriginRow, origin_key
from chalicelib.catalog.steps import Observed
from chalicelib.channels.errors import ChannelExists, ChannelProtected, NotInChannel
from chalicelib.core.event_kinds import ChannelOperation, Trigger
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.platform.change import TRANSACTION_LIMIT, Change, again_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read, read_many, rows

SANDBOX_PREFIX = "bldr-"

SHARED_ROWS = 2
"""Of a transaction that takes packages out of a channel: the channel under deletion, and its count."""


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody's wish to change what is in a channel."""

    ident: PackageIdent
    target: Target
    channel: str
    by: Session
    trigger: Trigger


def names(origin: str, sandbox: bool) -> list[str]:
    """The channels of an origin, ascending by bytes; build-group channels only when asked for."""
    every = (row.name for row in rows(ChannelRow, channel_rows.channels_partition(origin)))
    return [name for name in every if sandbox or not name.startswith(SANDBOX_PREFIX)]


def create(origin: str, channel: str, by: Session) -> ChannelRow:
    """Make an empty channel; one that is still being deleted is finished first. Raises ChannelExists."""
    if read(channel_rows.leaving_key(origin, channel)) is not None:
        _take_down(origin, channel)
    moment = now()
    key = channel_rows.channel_key(origin, channel)
    row = ChannelRow(key.pk, key.sk, id=new_id(moment), owner_id=by.account_id, created_at=timestamp(moment))
    change = Change()
    change.add(row, otherwise=ChannelExists())
    change.check(origin_key(origin), OriginRow.pk.exists(), otherwise=ChannelMissing())
    change.check(
        channel_rows.leaving_key(origin, channel), LeavingChannelRow.pk.does_not_exist(), otherwise=ChannelExists()
    )
    change.commit()
    return row


def delete(origin: str, channel: str) -> None:
    """Remove a channel with its memberships, not its packages; missing is no error. Raises ChannelProtected.

    The channel is gone for readers at once; then its memberships go, as many packages at a time as a transaction
    holds. A repeat, a new channel of that name, or the sweep goes on where it stopped.
    """
    if channel in BORN_WITH:
        raise ChannelProtected
    again_when_stale(partial(_close, origin, channel))
    _take_down(origin, channel)


def _close(origin: str, channel: str) -> None:
    key, leaving = channel_rows.channel_key(origin, channel), channel_rows.leaving_key(origin, channel)
    row = read(key)
    if row is None:
        return
    change = Change()
    change.delete(key, condition=ChannelRow.id == int(row.id))
    change.add(LeavingChannelRow(leaving.pk, leaving.sk, id=new_id()))
    change.update(channel_rows.leaving_from_key(origin), [LeavingFromRow.deletions.add(1)])
    change.commit()


def finish_deletions(enough: Callable[[], bool]) -> int:
    """Take down what interrupted deletions left, channel by channel until `enough` says so; gives their number."""
    finished = 0
    for origin in rows(LeavingFromRow, channel_rows.LEAVING_FROM):
        for leaving in rows(LeavingChannelRow, channel_rows.leaving_partition(origin.origin)):
            if enough():
                return finished
            _take_down(origin.origin, leaving.sk)
            finished += 1
        change = Change()
        same = LeavingFromRow.deletions == int(origin.deletions)
        change.delete(channel_rows.leaving_from_key(origin.origin), same, otherwise=_BegunMeanwhile())
        with suppress(_BegunMeanwhile):
            change.commit()
    return finished


class _BegunMeanwhile(Exception):
    """Another channel of the origin is being deleted; the next sweep looks again."""


class _TakenDown(Exception):
    """Another request has finished the deletion; a channel of that name may have come since, which is none of ours."""


def _take_down(origin: str, channel: str) -> None:
    leaving = channel_rows.leaving_key(origin, channel)
    closed = read(leaving)
    if closed is None:
        return
    same = LeavingChannelRow.id == int(closed.id)
    try:
        for idents in _batches(rows(MembershipRow, channel_rows.members_partition(origin, channel))):
            again_when_stale(partial(_leave, channel, idents, same))
        change = Change()
        change.delete(leaving, same, otherwise=_TakenDown())
        change.delete(channel_rows.count_key(origin, channel))
        change.commit()
    except _TakenDown:
        return


def _batches(members: Iterable[MembershipRow]) -> Iterator[list[PackageIdent]]:
    """Idents that leave together on all their targets: each needs its own row, and three per target."""
    batch: list[PackageIdent] = []
    size = SHARED_ROWS
    for ident, targets in groupby(members, key=lambda row: row.ident):
        needs = 1 + 3 * len(list(targets))
        if size + needs > TRANSACTION_LIMIT:
            yield batch
            batch, size = [], SHARED_ROWS
        batch.append(PackageIdent.parse(ident))
        size += needs
    if batch:
        yield batch


def _leave(channel: str, idents: Sequence[PackageIdent], same: Any) -> None:
    found = read_many([key for ident in idents for key in steps.keys_of(ident)])
    observed = [Observed.from_rows(ident, found) for ident in idents]
    wanted = [(seen, after) for seen in observed if (after := seen.standing.outside(channel)) != seen.standing]
    if not wanted:
        return
    change = Change()
    change.check(channel_rows.leaving_key(idents[0].origin, channel), same, otherwise=_TakenDown())
    steps.steps_together(change, wanted)
    change.commit()


def promote(request: Request) -> None:
    """Make a package installable from a channel; repeating it changes nothing and records nothing (packages.md 9.7).

    Raises ChannelMissing, ReleaseMissing.
    """
    again_when_stale(lambda: _promote(request))


def _promote(request: Request) -> None:
    ident, channel = request.ident, channel_rows.channel_key(request.ident.origin, request.channel)
    found = read_many([*steps.keys_of(ident), channel])
    seen = Observed.from_rows(ident, found)
    place = seen.standing.places.get(request.target)
    if found.get(channel) is None:
        raise ChannelMissing
    if place is None:
        raise ReleaseMissing
    if request.channel in place.channels:
        return
    change = Change()
    joined = seen.standing.with_place(request.target, place.joined(request.channel))
    steps.step(change, seen, joined, by=request.by)
    _record(change, ChannelOperation.PROMOTE, request)
    change.commit()


def demand_demotable(channel: str) -> None:
    """Nothing leaves `unstable`; checked before anybody is asked who they are. Raises ChannelProtected."""
    if channel == UNSTABLE:
        raise ChannelProtected


def demote(request: Request) -> None:
    """Take a package out of a channel (packages.md 9.8). Raises NotInChannel for everything that is missing."""
    again_when_stale(lambda: _demote(request))


def _demote(request: Request) -> None:
    ident, channel = request.ident, channel_rows.channel_key(request.ident.origin, request.channel)
    found = read_many([*steps.keys_of(ident), channel])
    seen = Observed.from_rows(ident, found)
    place = seen.standing.places.get(request.target)
    if found.get(channel) is None or place is None or request.channel not in place.channels:
        raise NotInChannel
    change = Change()
    steps.step(change, seen, seen.standing.with_place(request.target, place.left(request.channel)))
    _record(change, ChannelOperation.DEMOTE, request)
    change.commit()


def _record(change: Change, operation: ChannelOperation, request: Request) -> None:
    event_rows.record(change, operation, request.ident, request.target, request.channel, request.by)
