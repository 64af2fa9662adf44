"""The job groups that have not ended, read without a scan."""

from collections.abc import Iterator

from chalicelib.builds import rows as build_rows
from chalicelib.builds.rows import GroupPointerRow, GroupRow
from chalicelib.core.target import Target
from chalicelib.platform.table import delete_many, read_many, rows

AT_ONCE = 100


def open_groups(target: Target, after: str = "") -> Iterator[GroupRow]:
    """Yield the groups of a target that have not ended, oldest first, after a pointer's sort key.

    A pointer without a group is deleted: the rows of a group are never created again.
    """
    pointers = list(rows(GroupPointerRow, build_rows.open_groups_partition(target), after=after or None))
    for first in range(0, len(pointers), AT_ONCE):
        batch = [int(pointer.group_id) for pointer in pointers[first : first + AT_ONCE]]
        keys = {group_id: build_rows.group_key(group_id) for group_id in batch}
        found = read_many(list(keys.values()))
        groups = {group_id: found.get(key) for group_id, key in keys.items()}
        delete_many([build_rows.open_group_key(target, each) for each, group in groups.items() if group is None])
        yield from (group for group in groups.values() if group is not None)
