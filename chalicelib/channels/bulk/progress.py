"""Bulk changes of many packages, as long changes (packages.md 9.9).

1. Begin: a row for the change, on condition that the same change is not running.
2. Examine: count the packages. For a promotion, read their channels: if one is in too many, nothing moves.
3. Write the group's audit row as `started`.
4. Move the packages, name by name, as many as fit into a transaction at a time. The transaction stores the position.
5. End, and mark the audit row as `done`.

Each transaction requires that the target is the channel with which the change began, and that the role still holds with
which it was requested: otherwise the change ends as `refused`. If the source has been deleted, there is nothing left to
move. An interruption leaves every package either moved or not; the next worker continues at the stored position. A
change that has failed is not continued: a repeat of its request begins another one, which moves the rest.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from chalicelib.catalog import channel_rows, fences, origin_rows, package_rows
from chalicelib.catalog import steps as package_steps
from chalicelib.catalog.channel_rows import ChannelRow
from chalicelib.catalog.errors import ChannelMissing, OriginMissing, RoleLost, TooManyChannels
from chalicelib.catalog.events import event_rows
from chalicelib.catalog.events.event_rows import GroupEventRow
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.long_changes import long_change_motor, long_change_states
from chalicelib.catalog.long_changes.long_change_rows import LongChangeRow, OpenLongChangeRow, long_change_key, open_key
from chalicelib.catalog.long_changes.long_change_states import Hold, Work
from chalicelib.catalog.steps import Observed
from chalicelib.channels.bulk import moves
from chalicelib.channels.bulk.moves import BulkChange, Channels, Move
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.long_change import LongChangeKind, LongChangeState
from chalicelib.core.standing import Standing
from chalicelib.platform.attributes import Action
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key
from chalicelib.platform.table import read_many

EXAMINING, MOVING = "examining", "moving"

EXAMINED_AT_ONCE = 100
"""The number of idents that one call reads."""

REFUSALS = (RoleLost, OriginMissing, ChannelMissing, TooManyChannels)

_OPERATIONS = {
    LongChangeKind.PROMOTION: ChannelOperation.PROMOTE,
    LongChangeKind.DEMOTION: ChannelOperation.DEMOTE,
}

Planned = Sequence[tuple[Observed, Standing]]


class SourceDeleted(Exception):
    """The source was deleted: there is nothing left to move."""


def channel_keys(bulk: BulkChange) -> tuple[Key[ChannelRow], Key[ChannelRow]]:
    """Return the keys of the source and the target."""
    return channel_rows.channel_key(bulk.origin, bulk.source), channel_rows.channel_key(bulk.origin, bulk.target)


def running_key(bulk: BulkChange) -> Key[OpenLongChangeRow]:
    """Return the key of the row that exists while the same change is running."""
    return open_key(bulk.origin, _kind(bulk), bulk.source, bulk.target)


def begin(bulk: BulkChange, channels: Channels) -> LongChangeRow:
    """Begin a change, and return its row. Raises AlreadyRunning, ChannelMissing, RoleLost."""
    row = long_change_states.new(_kind(bulk), bulk.origin, bulk.source, bulk.target, bulk.by)
    row.source_id, row.target_id, row.phase = channels.source, channels.target, EXAMINING
    _, target_key = channel_keys(bulk)
    with Change() as change:
        origin_rows.require_role(change, bulk.origin, bulk.by.permission)
        change.check(target_key, ChannelRow.id == channels.target, otherwise=ChannelMissing())
        long_change_states.add(change, row)
    return row


def finish(bulk: BulkChange, begun: LongChangeRow, seconds: float) -> bool:
    """Work on a change that this process has begun. Returns whether it has ended. Raises REFUSALS."""
    return long_change_states.work(long_change_states.key_of(begun), seconds, _how(bulk), begun)


def join(key: Key[LongChangeRow], seconds: float) -> bool:
    """Work on a change of any request, or wait for its worker. Returns whether it has ended, one way or another."""
    with suppress(*REFUSALS):
        return long_change_states.work(key, seconds, _how())
    return True


def resume(origin: str, identifier: int, seconds: float) -> bool:
    """Continue a change for about `seconds`. Returns whether it has ended."""
    return join(long_change_key(origin, identifier), seconds)


def start(row: LongChangeRow) -> None:
    """Start the execution of a change."""
    long_change_motor.start(LongChangeKind(row.kind), row.origin, str(row.id))


def planned(bulk: BulkChange, channels: Channels, batch: Sequence[Move]) -> Planned:
    """Read the idents of a batch, and return the steps of those that change. One call.

    Raises ChannelMissing if the target is another channel than before, SourceDeleted.
    """
    source_key, target_key = channel_keys(bulk)
    found = read_many([*(package_rows.ident_key(move.ident) for move in batch), source_key, target_key])
    source, target = found.get(source_key), found.get(target_key)
    if target is None or int(target.id) != channels.target:
        raise ChannelMissing
    if batch and (source is None or int(source.id) != channels.source):
        raise SourceDeleted
    observed = [(move, Observed.from_rows(move.ident, found)) for move in batch]
    steps = [(before, move.applied_to(before.standing, bulk)) for move, before in observed]
    return [(before, after) for before, after in steps if after != before.standing]


def add_steps(change: Change, bulk: BulkChange, steps: Planned) -> None:
    """Add steps to a change, if there are any. Raises TooManyChannels."""
    if steps:
        package_steps.steps_together(change, steps, by=bulk.by)


def _kind(bulk: BulkChange) -> LongChangeKind:
    return LongChangeKind.PROMOTION if bulk.promotes else LongChangeKind.DEMOTION


def _how(own: BulkChange | None = None) -> Work:
    return Work(partial(_treat, own), _fail)


def _treat(own: BulkChange | None, hold: Hold, row: LongChangeRow) -> bool:
    """Continue a change: see the steps in the docstring of this module. `own` is that of the request that began it."""
    try:
        bulk = own or _bulk_of(row)
        channels = Channels(None if row.source_id is None else int(row.source_id), int(row.target_id or 0))
        if row.phase == EXAMINING and not _examine(bulk, channels, hold, row):
            return False
        return _move(bulk, channels, hold, row)
    except REFUSALS as problem:
        with Change() as change:
            hold.end(change, LongChangeState.REFUSED, why=type(problem).__name__)
            _mark_group(change, row, event_rows.REFUSED)
        raise


def _fail(change: Change, hold: Hold, row: LongChangeRow, why: str) -> None:
    hold.end(change, LongChangeState.FAILED, why)
    _mark_group(change, row, event_rows.FAILED)


def _bulk_of(row: LongChangeRow) -> BulkChange:
    """Return the change of a row. Raises RoleLost, OriginMissing."""
    operation = _OPERATIONS[LongChangeKind(row.kind)]
    return BulkChange(operation, row.origin, row.source, str(row.target), long_change_states.session_of(row))


def _examine(bulk: BulkChange, channels: Channels, hold: Hold, row: LongChangeRow) -> bool:
    """Count the packages, and raise TooManyChannels if one would be in too many channels.

    Returns False if the time is over before. Afterwards the row is in the phase of moving.
    """
    total, position = int(row.total or 0), row.position
    names = iter(()) if channels.source is None else moves.names(bulk, position)
    read: list[Move] = []
    for of_name in names:
        read += of_name
        if len(read) < EXAMINED_AT_ONCE:
            continue
        total += _examined(bulk, read)
        position, read = moves.position_after(of_name[0].ident.name), []
        if hold.is_over:
            hold.renew(LongChangeRow.total.set(total), LongChangeRow.position.set(position))
            return False
        if hold.is_due:
            hold.renew()
    total += _examined(bulk, read)
    row.phase, row.position, row.total = MOVING, None, total
    group = event_rows.group_event(bulk.operation, bulk.origin, bulk.source, bulk.target, bulk.by)
    row.group = group.sk
    progress = (LongChangeRow.total.set(total), LongChangeRow.group.set(group.sk), LongChangeRow.phase.set(MOVING))
    with Change() as change:
        hold.advance(change, *progress, LongChangeRow.position.remove())
        change.put(group)
    return True


def _examined(bulk: BulkChange, read: Sequence[Move]) -> int:
    """Return the number of the packages that move. Raises TooManyChannels."""
    if bulk.promotes and read:
        found = read_many([package_rows.ident_key(move.ident) for move in read])
        for move in read:
            observed = Observed.from_rows(move.ident, found)
            package_steps.demand_few_channels(move.applied_to(observed.standing, bulk))
    return sum(len(move.targets) for move in read)


def _move(bulk: BulkChange, channels: Channels, hold: Hold, row: LongChangeRow) -> bool:
    """Move the packages from the stored position on. Returns False if the time is over before."""
    position = row.position
    with suppress(SourceDeleted):
        for number, batch in enumerate(moves.batches(moves.remaining(bulk, channels, position))):
            if number > 0 and hold.is_over:
                return False
            position = moves.position_before_last(batch) or position
            write = partial(_write, bulk, channels, batch, hold, position)
            fences.protected(bulk.origin, bulk.by.permission, write)
    with Change() as change:
        hold.end(change, LongChangeState.DONE)
        _mark_group(change, row, event_rows.DONE)
    return True


def _write(
    bulk: BulkChange, channels: Channels, batch: Sequence[Move], hold: Hold, position: str | None, fence: Fence
) -> None:
    """Move a batch in one transaction, and store the position after its last complete name."""
    steps = planned(bulk, channels, batch)
    progress: list[Action] = [LongChangeRow.moved.add(sum(len(move.targets) for move in batch))]
    if position is not None:
        progress.append(LongChangeRow.position.set(position))
    with Change() as change:
        fence.check(change, bulk.by.permission)
        hold.advance(change, *progress, ends_failures=bool(steps))
        add_steps(change, bulk, steps)


def _mark_group(change: Change, row: LongChangeRow, state: str) -> None:
    """Set the state of the audit row, if there is one."""
    if row.group is not None:
        key = Key(GroupEventRow, event_rows.group_events_partition(row.origin), row.group)
        change.update(key, [GroupEventRow.state.set(state)])
