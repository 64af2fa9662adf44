"""The rules of bulk changes: promote or demote all packages of a channel (packages.md 9.9).

Up to about 24 packages move in one transaction together with the group's audit row: all or nothing. Larger sets move in
several transactions of this kind, one after the other, because each changes the count of the target channel:
1. Create the target channel if it is missing, and write the group's audit row as `started`.
2. Move the packages, name by name. Within a name, the newest release is promoted first and demoted last, so that the
   channel's newest release changes directly from its old value to its new one.
3. Mark the audit row as `done` in the last transaction.
An interruption leaves every package either moved or not, and the audit row at `started`. A repeat moves the rest.
"""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from chalicelib.catalog import channel_rows, event_rows, fences, package_rows, steps
from chalicelib.catalog.channel_rows import STABLE, UNSTABLE, MembershipRow
from chalicelib.catalog.errors import ChannelMissing
from chalicelib.catalog.event_rows import GroupEventRow
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.steps import Observed
from chalicelib.channels import service
from chalicelib.channels.errors import BulkUnfinished, ChannelExists, ChannelQueryMalformed
from chalicelib.core.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.platform.change import TRANSACTION_LIMIT, Change
from chalicelib.platform.table import Found, Key, put_many, read, read_many, rows

SECONDS = 20.0
"""No transaction starts later than this after the start of the request. API Gateway gives up after 29 seconds."""

IDENTS_PER_REQUEST = 5_000

SHARED_ROWS = 4
"""Rows that every transaction needs besides its packages: the fence, the row of list changes, the audit row, a job."""


class BulkChange(Struct, frozen=True):
    """A request to promote all packages of `source` to `target`, or to demote them from `target`."""

    operation: ChannelOperation
    origin: str
    source: str
    target: str
    by: Session

    @property
    def promotes(self) -> bool:
        """True for a promotion, False for a demotion."""
        return self.operation is ChannelOperation.PROMOTE


class Move(Struct, frozen=True):
    """An ident and the targets for which its packages move."""

    ident: PackageIdent
    targets: tuple[Target, ...]

    @property
    def size(self) -> int:
        """The number of its rows in a transaction: one for the ident, two per target (the membership)."""
        return 1 + 2 * len(self.targets)

    def applied_to(self, standing: Standing, change: BulkChange) -> Standing:
        """Return the ident's standing after the move; packages deleted in the meantime are skipped."""
        for target in self.targets:
            placement = standing.placements.get(target)
            if placement is not None:
                moved = placement.joined(change.target) if change.promotes else placement.left(change.target)
                standing = standing.with_placement(target, moved)
        return standing


def apply(bulk: BulkChange) -> None:
    """Carry out a bulk change. Existing memberships do not change, and no events are recorded.

    Raises ChannelQueryMalformed, ChannelMissing, TooManyInOrigin and TooManyChannels before anything moves, and
    BulkUnfinished if a repeat of the request is needed to move the rest.
    """
    deadline = time.monotonic() + SECONDS
    _demand_valid_channels(bulk)
    _ensure_target(bulk)
    all_moves = _moves(bulk)
    moves = all_moves[:IDENTS_PER_REQUEST]
    _demand_few_channels(bulk, moves)
    batches, complete = _batches(moves), len(moves) == len(all_moves)
    group = event_rows.group_event(bulk.operation, bulk.origin, bulk.source, bulk.target, bulk.by)
    if len(batches) > 1 or not complete:
        put_many([group])
    for number, batch in enumerate(batches, start=1):
        if number > 1 and time.monotonic() > deadline:
            raise BulkUnfinished
        is_last = complete and number == len(batches)
        _move_together(bulk, batch, group if is_last else None)
    if not complete:
        raise BulkUnfinished


def _demand_valid_channels(bulk: BulkChange) -> None:
    """Raise ChannelQueryMalformed for channels that the contract refuses (packages.md 9.9)."""
    if bulk.target in ("", bulk.source):
        raise ChannelQueryMalformed
    if UNSTABLE in ((bulk.target,) if bulk.promotes else (bulk.source, bulk.target)):
        raise ChannelQueryMalformed


def _ensure_target(bulk: BulkChange) -> None:
    """Create the target channel if it is missing, even for a demotion. A missing `stable` raises ChannelMissing."""
    if read(channel_rows.channel_key(bulk.origin, bulk.target)) is not None:
        return
    if bulk.target == STABLE:
        raise ChannelMissing
    try:
        service.create(bulk.origin, bulk.target, bulk.by)
    except ChannelExists:
        return  # Another request created it in the meantime.


def _moves(bulk: BulkChange) -> list[Move]:
    """Return the remaining moves by name; within a name, newest first for a promotion, newest last for a demotion."""
    in_source = _members(bulk.origin, bulk.source)
    in_target = _members(bulk.origin, bulk.target)
    targets: dict[str, list[Target]] = {}
    for key, row in in_source.items():
        if (key in in_target) is not bulk.promotes:
            targets.setdefault(row.ident, []).append(Target(row.target))
    moves = [Move(PackageIdent.parse(ident), tuple(ident_targets)) for ident, ident_targets in targets.items()]
    moves.sort(key=lambda move: release_key(move.ident.version, move.ident.release) or "", reverse=bulk.promotes)
    moves.sort(key=lambda move: move.ident.name)
    return moves


def _members(origin: str, channel: str) -> dict[str, MembershipRow]:
    """Return the membership rows of a channel by sort key; none if it does not exist or is being deleted."""
    if read(channel_rows.channel_key(origin, channel)) is None:
        return {}
    return {row.sk: row for row in rows(MembershipRow, channel_rows.members_partition(origin, channel))}


def _read(bulk: BulkChange, moves: Sequence[Move]) -> Found:
    keys: list[Key[Any]] = [package_rows.ident_key(move.ident) for move in moves]
    return read_many([*keys, channel_rows.channel_key(bulk.origin, bulk.target)])


def _demand_few_channels(bulk: BulkChange, moves: Sequence[Move]) -> None:
    """Raise TooManyChannels if a package would be in too many channels, before anything moves."""
    found = _read(bulk, moves)
    for move in moves:
        observed = Observed.from_rows(move.ident, found)
        steps.demand_few_channels(move.applied_to(observed.standing, bulk))


def _batches(moves: Iterable[Move]) -> list[list[Move]]:
    """Return batches of moves that fit into one transaction each; without moves, one empty batch for the audit row."""
    batches: list[list[Move]] = [[]]
    size = SHARED_ROWS
    for move in moves:
        if size + move.size > TRANSACTION_LIMIT:
            batches.append([])
            size = SHARED_ROWS
        batches[-1].append(move)
        size += move.size
    return batches


def _move_together(bulk: BulkChange, batch: Sequence[Move], finished: GroupEventRow | None) -> None:
    """Move a batch in one transaction, with the audit row if the batch is the last one."""
    fences.protected(bulk.origin, bulk.by.permission, partial(_write, bulk, batch, finished))


def _write(bulk: BulkChange, batch: Sequence[Move], finished: GroupEventRow | None, fence: Fence) -> None:
    found = _read(bulk, batch)
    if found.get(channel_rows.channel_key(bulk.origin, bulk.target)) is None:
        raise ChannelMissing
    observed = [(move, Observed.from_rows(move.ident, found)) for move in batch]
    planned = [(before, move.applied_to(before.standing, bulk)) for move, before in observed]
    changed = [(before, after) for before, after in planned if after != before.standing]
    with Change() as change:
        fence.check(change, bulk.by.permission)
        if changed:
            steps.steps_together(change, changed, by=bulk.by)
        if finished is not None:
            finished.state = event_rows.DONE
            change.put(finished)
