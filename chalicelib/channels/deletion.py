"""Deletion of a channel (packages.md 9.3): readers lose the channel at once, its packages leave it in portions.

1. Close: one transaction deletes the channel's row and begins a long change.
2. Remove the fences of the origin: no package joins the channel from now on.
3. Remove the packages, as many as fit into a transaction at a time, until the channel is empty; then end the change.

The request works for REQUEST_SECONDS at most. The rest is left to the state machine of long changes. Until the end, the
`channels` of packages may name the channel, and it cannot be created again: the creation of a channel with that name
works on the deletion for CREATION_SECONDS at most, and otherwise raises ChannelLeaving.

A deletion that has failed keeps the name of the channel, too, because a new channel would have the packages that are
left. Another deletion or creation of the channel continues it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

from chalicelib.catalog import channel_rows, fences, origin_rows, steps
from chalicelib.catalog.channel_rows import ChannelRow, MembershipRow
from chalicelib.catalog.lists import counted_lists, list_rows
from chalicelib.catalog.long_changes import long_change_motor, long_change_states
from chalicelib.catalog.long_changes.long_change_rows import LongChangeRow, OpenLongChangeRow, long_change_key, open_key
from chalicelib.catalog.long_changes.long_change_states import Hold, Work
from chalicelib.catalog.steps import Observed
from chalicelib.channels.errors import ChannelExists, ChannelLeaving
from chalicelib.core.ident import PackageIdent
from chalicelib.core.long_change import LongChangeKind, LongChangeState
from chalicelib.core.session import Session
from chalicelib.platform.change import TRANSACTION_LIMIT, Change, retry_when_stale
from chalicelib.platform.row import Key
from chalicelib.platform.table import read, read_many, rows

KIND = LongChangeKind.CHANNEL_DELETION

REQUEST_SECONDS = 2.0
"""How long a deletion removes packages before its request is answered."""

CREATION_SECONDS = 10.0
"""How long the creation of a channel completes the deletion of an earlier one."""

SHARED_ROWS = 2
"""Rows that every transaction of a deletion needs besides its packages: the long change, and one for lists."""


def delete(origin: str, channel: str, by: Session) -> None:
    """Delete a channel, if there is one. A repeat continues an unfinished deletion, also one that has failed."""
    begun = retry_when_stale(partial(_close, origin, channel, by))
    key = _unfinished(origin, channel) if begun is None else long_change_states.key_of(begun)
    if key is not None and not _work(key, REQUEST_SECONDS, begun):
        _leave_to_machine(key)


def complete(origin: str, channel: str) -> None:
    """Complete the deletion of a channel, if one is unfinished. Raises ChannelLeaving if that takes too long."""
    key = _unfinished(origin, channel)
    if key is None:
        return
    if not _work(key, CREATION_SECONDS):
        _leave_to_machine(key)
        raise ChannelLeaving
    if read(open_key(origin, KIND, channel)) is not None:  # it has failed, in the hands of another worker
        raise ChannelLeaving


def require_no_deletion(change: Change, origin: str, channel: str) -> None:
    """Require as part of a change that no channel of that name is under deletion. The change raises ChannelExists."""
    no_deletion = OpenLongChangeRow.pk.does_not_exist()
    change.check(open_key(origin, KIND, channel), no_deletion, otherwise=ChannelExists())


def resume(origin: str, identifier: int, seconds: float) -> bool:
    """Continue a deletion for about `seconds`. Returns whether it has ended."""
    return _work(long_change_key(origin, identifier), seconds)


def _close(origin: str, channel: str, by: Session) -> LongChangeRow | None:
    """Replace the channel's row by a long change, and return it. None if there is no channel."""
    key = channel_rows.channel_key(origin, channel)
    row = read(key)
    if row is None:
        return None
    begun = long_change_states.new(KIND, origin, channel, None, by)
    with Change() as change:
        origin_rows.require_role(change, origin, by.permission)
        change.delete(key, condition=ChannelRow.id == int(row.id))
        channel_rows.remove_from_list(change, origin, channel)
        long_change_states.add(change, begun)
    return begun


def _unfinished(origin: str, channel: str) -> Key[LongChangeRow] | None:
    """Return the key of the unfinished deletion of a channel, or None. One that has failed begins again."""
    entry = read(open_key(origin, KIND, channel))
    if entry is None:
        return None
    key = long_change_key(origin, int(entry.id))
    long_change_states.begin_again(key)
    return key


def _work(key: Key[LongChangeRow], seconds: float, begun: LongChangeRow | None = None) -> bool:
    return long_change_states.work(key, seconds, Work(_remove_members, _fail), begun)


def _fail(change: Change, hold: Hold, _: LongChangeRow, why: str) -> None:
    hold.suspend(change, why)


def _leave_to_machine(key: Key[LongChangeRow]) -> None:
    row = read(key)
    if row is None or not row.is_running:
        return
    if row.total is None:
        _note_total(row)
    long_change_motor.start(KIND, row.origin, str(row.id))


def _note_total(row: LongChangeRow) -> None:
    """Store how many packages the channel had, for those who watch the deletion."""
    left = counted_lists.counted_alone(row.origin, list_rows.channel_list(row.source)).whole.total(member=True)
    long_change_states.store_details(row, LongChangeRow.total.set(int(row.moved) + left))


def _remove_members(hold: Hold, row: LongChangeRow) -> bool:
    """Remove all packages from the channel, then end the change. Returns False if the time is over before."""
    origin, channel = row.origin, row.source
    fences.remove_all(origin)
    members = rows(MembershipRow, channel_rows.members_partition(origin, channel))
    for number, idents in enumerate(_batches(members)):
        if number > 0 and hold.is_over:
            return False
        retry_when_stale(partial(_leave, channel, idents, hold))
    with Change() as change:
        hold.end(change, LongChangeState.DONE)
    return True


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


def _leave(channel: str, idents: Sequence[PackageIdent], hold: Hold) -> None:
    found = read_many([key for ident in idents for key in steps.keys_of(ident)])
    observed = [Observed.from_rows(ident, found) for ident in idents]
    changed = [(each, after) for each in observed if (after := each.standing.outside(channel)) != each.standing]
    if not changed:
        return
    number = sum(
        channel in placement.channels for each, _ in changed for placement in each.standing.placements.values()
    )
    with Change() as change:
        hold.advance(change, LongChangeRow.moved.add(number))
        steps.steps_together(change, changed)
