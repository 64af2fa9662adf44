"""The rules of bulk changes: promote or demote all packages of a channel (packages.md 9.9).

Up to about 32 packages move in one transaction together with the group's audit row: all or nothing. A larger set is a
long change (`channels/bulk/progress.py`), which moves it in several transactions. The request works on it for SECONDS
at most. Then the state machine continues, and the request raises BulkUnfinished; a repeat waits for the end.
"""

import time
from collections.abc import Sequence
from functools import partial
from itertools import islice

from chalicelib.catalog import channel_rows, fences
from chalicelib.catalog.channel_rows import STABLE, UNSTABLE, ChannelRow
from chalicelib.catalog.errors import ChannelMissing
from chalicelib.catalog.events import event_rows
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.long_changes import long_change_states
from chalicelib.catalog.long_changes.long_change_rows import LongChangeRow, long_change_key
from chalicelib.catalog.long_changes.long_change_states import AlreadyRunning
from chalicelib.channels import service
from chalicelib.channels.bulk import moves, progress
from chalicelib.channels.bulk.moves import BulkChange, Channels, Move
from chalicelib.channels.bulk.progress import SourceDeleted
from chalicelib.channels.errors import BulkUnfinished, ChannelExists, ChannelQueryMalformed
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key
from chalicelib.platform.table import read, read_many

__all__ = ["BulkChange", "apply"]

SECONDS = 15.0
"""How long a request works or waits, before its last transaction. The function times out after 29 seconds."""


def apply(bulk: BulkChange) -> None:
    """Carry out a bulk change. Existing memberships do not change, and no events are recorded.

    If the same change is running, the request joins it: it waits for the end, and then moves what the source has got
    since that change began. Raises ChannelQueryMalformed, ChannelMissing, TooManyInOrigin and TooManyChannels before
    anything moves, RoleLost, and BulkUnfinished if the change continues without the request.
    """
    deadline = time.monotonic() + SECONDS
    _demand_valid_channels(bulk)
    while True:
        channels, running = _channels(bulk)
        if running is not None:
            if not progress.join(running, deadline - time.monotonic()):
                _leave_to_machine(running)
            continue
        first = list(islice(moves.batches(moves.remaining(bulk, channels)), 2))
        if len(first) < 2:
            _move_all(bulk, channels, first[0] if first else [])
            return
        try:
            begun = progress.begin(bulk, channels)
        except AlreadyRunning:
            continue
        if not progress.finish(bulk, begun, deadline - time.monotonic()):
            _leave_to_machine(long_change_states.key_of(begun))
        return


def _demand_valid_channels(bulk: BulkChange) -> None:
    """Raise ChannelQueryMalformed for channels that the contract refuses (packages.md 9.9)."""
    if bulk.target in ("", bulk.source):
        raise ChannelQueryMalformed
    if UNSTABLE in ((bulk.target,) if bulk.promotes else (bulk.source, bulk.target)):
        raise ChannelQueryMalformed


def _channels(bulk: BulkChange) -> tuple[Channels, Key[LongChangeRow] | None]:
    """Return both channels, and the key of the same change if it is running. A missing target is created."""
    source_key, target_key = progress.channel_keys(bulk)
    running_key = progress.running_key(bulk)
    found = read_many([source_key, target_key, running_key])
    source, target, running = found.get(source_key), found.get(target_key), found.get(running_key)
    target_id = int((target or _created(bulk)).id)
    channels = Channels(None if source is None else int(source.id), target_id)
    return channels, None if running is None else long_change_key(bulk.origin, int(running.id))


def _created(bulk: BulkChange) -> ChannelRow:
    """Create the target channel, even for a demotion. A missing `stable` raises ChannelMissing."""
    if bulk.target == STABLE:
        raise ChannelMissing
    try:
        return service.create(bulk.origin, bulk.target, bulk.by)
    except ChannelExists:  # another request created it in the meantime
        row = read(channel_rows.channel_key(bulk.origin, bulk.target))
        if row is None:
            raise ChannelMissing from None
        return row


def _leave_to_machine(key: Key[LongChangeRow]) -> None:
    """Let the state machine continue a change. Raises BulkUnfinished."""
    row = read(key)
    if row is not None and row.is_running:
        progress.start(row)
    raise BulkUnfinished


def _move_all(bulk: BulkChange, channels: Channels, all_moves: Sequence[Move]) -> None:
    """Move everything in one transaction, with the audit row."""
    fences.protected(bulk.origin, bulk.by.permission, partial(_write_all, bulk, channels, all_moves))


def _write_all(bulk: BulkChange, channels: Channels, all_moves: Sequence[Move], fence: Fence) -> None:
    group = event_rows.group_event(bulk.operation, bulk.origin, bulk.source, bulk.target, bulk.by)
    group.state = event_rows.DONE
    try:
        steps = progress.planned(bulk, channels, all_moves)
    except SourceDeleted:
        steps = []
    with Change() as change:
        fence.check(change, bulk.by.permission)
        progress.add_steps(change, bulk, steps)
        change.put(group)
