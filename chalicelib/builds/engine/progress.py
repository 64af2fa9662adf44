"""The progress of a group: how many of its entries are open, that is, have no final state."""

from collections import Counter
from collections.abc import Iterable

from chalicelib.builds.rows import PROGRESS_PREFIX, GroupRow, ProgressRow, group_partition, progress_key
from chalicelib.platform.change import Change
from chalicelib.platform.table import rows


def open_entries(group: GroupRow) -> int:
    """Return the number of entries whose state is not final. One Query of at most 16 small rows."""
    return sum(int(row.open) for row in rows(ProgressRow, group_partition(int(group.id)), begins=PROGRESS_PREFIX))


def count_closed(change: Change, group: GroupRow, orders: Iterable[str]) -> None:
    """Subtract entries from the open ones, in the change that writes their final states."""
    shards = Counter(int(order) % int(group.shards) for order in orders)
    for shard, number in shards.items():
        change.update(progress_key(int(group.id), shard), [ProgressRow.open.add(-number)])
