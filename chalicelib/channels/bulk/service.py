"""Promoting or demoting everything in a channel at once (packages.md 9.9).

As many packages as one transaction holds (about 24) move together with the group's audit row: all or nothing. More of
them go in such transactions one after the other. The steps, in the order in which they may be interrupted:
1. The target channel is made if it is missing, and the group's audit row is written as `started`.
2. Packages move, name by name. Within a name the newest release joins first and leaves last, so the newest release that
   a reader sees goes from its old value to its new one and is never one in between.
3. The last transaction also says `done` in the audit row.
An interruption leaves some packages moved, each of them wholly, and the audit row at `started`. A repeat looks what is
left and moves only that. Transactions follow one another, because each of them changes the target channel's count.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import channel_rows, event_rows, package_rows, steps
from chalicelib.catalog.channel_rows import STABLE, UNSTABLE, MembershipRow
from chalicelib.catalog.errors import ChannelMissing
from chalicelib.catalog.event_rows import GroupEventRow
from chalicelib.catalog.steps import Observed
from chalicelib.channels import service
from chalicelib.channels.errors import BulkUnfinished, ChannelExists, ChannelQueryMalformed
from chalicelib.core.event_kinds import ChannelOperation, Trigger
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.platform.change import TRANSACTION_LIMIT, Change, again_when_stale
from chalicelib.platform.table import Found, Key, StoreUnavailable, put_many, read, read_many, rows

SECONDS = 20.0
"""No transaction begins later than this; a request may last 29 seconds."""

IDENTS_PER_REQUEST = 5_000

SHARED_ROWS = 3
"""The channel, its count and the audit row."""


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """Somebody's wish to move everything that is in `source`: into `target`, or out of it."""

    operation: ChannelOperation
    origin: str
    source: str
    target: str
    by: Session
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class Move:
    """An ident, on those of its targets that move."""

    ident: PackageIdent
    targets: tuple[Target, ...]

    @property
    def size(self) -> int:
        """How many rows of a transaction it needs: the ident's, and per package its own and two of the membership."""
        return 1 + 3 * len(self.targets)

    def after(self, standing: Standing, request: BulkRequest) -> Standing:
        """Where the ident stands afterwards; what was deleted meanwhile stays so."""
        for target in self.targets:
            place = standing.places.get(target)
            if place is not None:
                promoted = request.operation is ChannelOperation.PROMOTE
                place = place.joined(request.target) if promoted else place.left(request.target)
                standing = standing.with_place(target, place)
        return standing


def apply(request: BulkRequest) -> None:
    """Move what is in one channel into another, or out of it; existing memberships stay untouched; no event is made.

    Raises ChannelQueryMalformed, ChannelMissing, TooManyChannels (nothing moved), BulkUnfinished (a repeat goes on).
    """
    deadline = time.monotonic() + SECONDS
    _demand_sense(request)
    _ensure_target(request)
    every = _moves(request)
    moves = every[:IDENTS_PER_REQUEST]
    found = _read(request, moves)
    _demand_room(request, moves, found)
    batches, complete = _batches(moves), len(moves) == len(every)
    group = event_rows.group_event(request.operation, request.origin, request.source, request.target, request.by)
    if len(batches) > 1 or not complete:
        put_many([group])
    for number, batch in enumerate(batches, start=1):
        if number > 1 and time.monotonic() > deadline:
            raise BulkUnfinished
        ends = complete and number == len(batches)
        _move_together(request, batch, found, group if ends else None)
    if not complete:
        raise BulkUnfinished


def _demand_sense(request: BulkRequest) -> None:
    if request.target in ("", request.source):
        raise ChannelQueryMalformed
    protected = (request.target,) if request.operation is ChannelOperation.PROMOTE else (request.source, request.target)
    if UNSTABLE in protected:
        raise ChannelQueryMalformed


def _ensure_target(request: BulkRequest) -> None:
    """Made for demotions as well; only `stable` is born with its origin and never made (packages.md 9.9)."""
    if read(channel_rows.channel_key(request.origin, request.target)) is not None:
        return
    if request.target == STABLE:
        raise ChannelMissing
    try:
        service.create(request.origin, request.target, request.by)
    except ChannelExists:
        return  # another request was faster


def _moves(request: BulkRequest) -> list[Move]:
    """What is still to be moved, name by name; within a name the newest first into a channel, and last out of it."""
    wanted = _members(request.origin, request.source)
    there = _members(request.origin, request.target)
    joins = request.operation is ChannelOperation.PROMOTE
    targets: dict[str, list[Target]] = {}
    for place, row in wanted.items():
        if (place in there) is not joins:
            targets.setdefault(row.ident, []).append(Target(row.target))
    moves = [Move(PackageIdent.parse(ident), tuple(several)) for ident, several in targets.items()]
    moves.sort(key=lambda move: release_key(move.ident.version, move.ident.release) or "", reverse=joins)
    moves.sort(key=lambda move: move.ident.name)
    return moves


def _members(origin: str, channel: str) -> dict[str, MembershipRow]:
    if read(channel_rows.channel_key(origin, channel)) is None:
        return {}
    return {row.sk: row for row in rows(MembershipRow, channel_rows.members_partition(origin, channel))}


def _read(request: BulkRequest, moves: Sequence[Move]) -> Found:
    keys: list[Key[Any]] = [package_rows.ident_key(move.ident) for move in moves]
    return read_many([*keys, channel_rows.channel_key(request.origin, request.target)])


def _demand_room(request: BulkRequest, moves: Sequence[Move], found: Found) -> None:
    """Nothing moves if a package would come into too many channels. Raises TooManyChannels."""
    for move in moves:
        seen = Observed.from_rows(move.ident, found)
        steps.demand_few_channels(move.after(seen.standing, request))


def _batches(moves: Iterable[Move]) -> list[list[Move]]:
    """What goes together: as much as a transaction holds, one batch at least."""
    batches: list[list[Move]] = [[]]
    size = SHARED_ROWS
    for move in moves:
        if size + move.size > TRANSACTION_LIMIT:
            batches.append([])
            size = SHARED_ROWS
        batches[-1].append(move)
        size += move.size
    return batches


def _move_together(request: BulkRequest, batch: Sequence[Move], known: Found, finished: GroupEventRow | None) -> None:
    """One transaction; the first try relies on what was read for all, the next ones read again.

    Two halves where it is refused: rows of packages with very long lists could be more than the 4 MB of a transaction.
    """
    at_first = iter([known])

    def decide() -> None:
        found = next(at_first, None) or _read(request, batch)
        _write(request, batch, found, finished)

    try:
        again_when_stale(decide)
    except StoreUnavailable:
        if len(batch) < 2:
            raise
        if finished is not None:
            finished.state = event_rows.STARTED
            put_many([finished])
        middle = len(batch) // 2
        _move_together(request, batch[:middle], known, None)
        _move_together(request, batch[middle:], known, finished)


def _write(request: BulkRequest, batch: Sequence[Move], found: Found, finished: GroupEventRow | None) -> None:
    if found.get(channel_rows.channel_key(request.origin, request.target)) is None:
        raise ChannelMissing
    observed = [(move, Observed.from_rows(move.ident, found)) for move in batch]
    decided = [(seen, move.after(seen.standing, request)) for move, seen in observed]
    wanted = [(seen, after) for seen, after in decided if after != seen.standing]
    change = Change()
    if wanted:
        steps.steps_together(change, wanted, by=request.by)
    if finished is not None:
        finished.state = event_rows.DONE
        change.put(finished)
    change.commit()
