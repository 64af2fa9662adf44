"""What a bulk change moves, in its order: name by name, in the order of the rows of the source.

Within a name, the newest release is promoted first and demoted last, so that the channel's newest release changes
directly from its old value to its new one. Rows are read lazily, so a large channel is never in memory as a whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby

from msgspec import Struct

from chalicelib.catalog import channel_rows
from chalicelib.catalog.channel_rows import UNIT_SEPARATOR, MembershipRow
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.platform.change import TRANSACTION_LIMIT
from chalicelib.platform.table import rows

SHARED_ROWS = 4
"""Rows that every transaction needs besides its packages: the fence, the row of list changes, the audit row or the long
change, a job."""

AFTER_SLASH = "0"
"""The character after the slash: `name0` sorts after all rows of `name/` and before those of other names."""


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


class Channels(Struct, frozen=True):
    """The ids of both channels when a bulk change began. A channel that is created again has another id.

    `source` is None if the source does not exist: then there is nothing to move.
    """

    source: int | None
    target: int


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


def names(bulk: BulkChange, after: str | None = None) -> Iterator[list[Move]]:
    """Yield the remaining moves of each name that has any. Both channels are read once, from a position on."""
    in_target = _by_name(bulk.origin, bulk.target, after)
    other, there = next(in_target, ("", []))
    for name, here in _by_name(bulk.origin, bulk.source, after):
        while other and other < name:
            other, there = next(in_target, ("", []))
        present = set(there) if other == name else set()
        moved = [key for key in here if (key in present) is not bulk.promotes]
        if moved:
            yield _in_order(bulk, moved)


def remaining(bulk: BulkChange, channels: Channels, after: str | None = None) -> Iterator[Move]:
    """Yield the moves of all names, from a position on."""
    return iter(()) if channels.source is None else chain.from_iterable(names(bulk, after))


def position_after(name: str) -> str:
    """Return the position after all packages of a name."""
    return name + AFTER_SLASH


def position_before_last(moves: Sequence[Move]) -> str | None:
    """Return the position after the last name that some moves complete, None if they complete none."""
    last = moves[-1].ident.name
    complete = [move.ident.name for move in moves if move.ident.name != last]
    return position_after(complete[-1]) if complete else None


def batches(moves: Iterable[Move]) -> Iterator[list[Move]]:
    """Yield batches of moves that fit into one transaction each."""
    batch: list[Move] = []
    size = SHARED_ROWS
    for move in moves:
        if batch and size + move.size > TRANSACTION_LIMIT:
            yield batch
            batch, size = [], SHARED_ROWS
        batch.append(move)
        size += move.size
    if batch:
        yield batch


def _by_name(origin: str, channel: str, after: str | None) -> Iterator[tuple[str, list[str]]]:
    """Yield the names in a channel, each with a slash at its end, and the sort keys of its rows."""
    partition = channel_rows.members_partition(origin, channel)
    members = rows(MembershipRow, partition, after=after, keys_only=True)
    for name, of_name in groupby((row.sk for row in members), key=lambda key: key.partition("/")[0]):
        yield name + "/", list(of_name)


def _in_order(bulk: BulkChange, moved: Sequence[str]) -> list[Move]:
    targets: dict[str, list[Target]] = {}
    for key in moved:
        path, _, target = key.partition(UNIT_SEPARATOR)
        targets.setdefault(path, []).append(Target(target))
    moves = [Move(PackageIdent.parse(f"{bulk.origin}/{path}"), tuple(each)) for path, each in targets.items()]
    moves.sort(key=lambda move: release_key(move.ident.version, move.ident.release) or "", reverse=bulk.promotes)
    return moves
