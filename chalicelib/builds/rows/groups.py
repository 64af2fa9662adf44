"""Rows of job groups: the group, what it repeats, its progress, and the lists of groups."""

from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.platform.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition

GROUP_PROJECTS = 10_000
"""The most projects that a job group can hold."""

PROGRESS_SHARDS = 16


class GroupRow(Row):
    """A job group. `root` is `origin/name`.

    `is_ready` is False until all entries are written; readers do not see the group before. `sleeper` is the token of
    the execution that waits for a change, `generation` the number of that execution. `flags` are those of the request
    (core/builds/build_set.py). `expansion` is the id of the call that writes the entries; a newer one supersedes it.
    `rebuilds` is the id of the group that this one repeats, and `rebuilt_as` the newest group that repeats this one.
    """

    id = NumberAttribute()
    state = UnicodeAttribute()
    root = UnicodeAttribute()
    target = UnicodeAttribute()
    trigger = UnicodeAttribute()
    requester_id = NumberAttribute()
    requester_name = UnicodeAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    projects = NumberAttribute()
    shards = NumberAttribute()
    is_ready = BooleanAttribute(default=False)
    generation = NumberAttribute(default=1)
    sleeper = UnicodeAttribute(null=True)
    flags = UnicodeAttribute(default="")
    expansion = NumberAttribute(default=0)
    rebuilds = NumberAttribute(null=True)
    rebuilt_as = NumberAttribute(null=True)

    @property
    def origin(self) -> str:
        """The origin of the root."""
        return self.root.partition("/")[0]

    @property
    def group_state(self) -> GroupState:
        """The state, parsed."""
        return GroupState(self.state)

    @property
    def channel(self) -> str:
        """The channel of what the group builds."""
        return channel_of(int(self.id))


class SeedsRow(Row):
    """The names from which the entries of a group follow if it repeats another one: compressed, joined by spaces.

    `origins` are the origins in which the other group has built packages, joined by spaces.
    """

    names = BinaryAttribute(legacy_encoding=False)
    origins = UnicodeAttribute(default="")


class ProgressRow(Row):
    """A part of a group's progress: the number of its entries whose state is not final.

    An entry counts in the shard `order mod shards`, so that jobs that end together seldom write the same row.
    """

    open = NumberAttribute()


class GroupPointerRow(Row):
    """Leads to a group: in a list of the groups of an origin, or of those that have not ended."""

    group_id = NumberAttribute()


def channel_of(group_id: int) -> str:
    """Return the channel of what a group builds."""
    return f"bldr-{group_id}"


def group_partition(group_id: int) -> str:
    """Partition of a group and its entries."""
    return partition("GROUP", str(group_id))


def group_key(group_id: int) -> Key[GroupRow]:
    """Key of a group."""
    return Key(GroupRow, group_partition(group_id), "GROUP")


def seeds_key(group_id: int) -> Key[SeedsRow]:
    """Key of the seeds of a group that repeats another one."""
    return Key(SeedsRow, group_partition(group_id), "SEEDS")


PROGRESS_PREFIX = "PROGRESS#"


def progress_key(group_id: int, shard: int) -> Key[ProgressRow]:
    """Key of a shard of a group's progress."""
    return Key(ProgressRow, group_partition(group_id), f"{PROGRESS_PREFIX}{shard:02d}")


def shards_of(projects: int) -> int:
    """Return the number of progress shards of a group. In a small group each entry has its own."""
    return max(1, min(PROGRESS_SHARDS, projects))


def origin_groups_partition(origin: str) -> str:
    """Partition of the groups whose root is in an origin, oldest first."""
    return partition("ORIGIN-GROUPS", origin)


def origin_group_key(origin: str, group_id: int) -> Key[GroupPointerRow]:
    """Key of a group in the list of its origin."""
    return Key(GroupPointerRow, origin_groups_partition(origin), f"{group_id:019d}")


def open_groups_partition(target: Target) -> str:
    """Partition of the groups of a target that have not ended, oldest first."""
    return partition("OPEN-GROUPS", target)


def open_group_key(target: Target, group_id: int) -> Key[GroupPointerRow]:
    """Key of a group in the list of those that have not ended."""
    return Key(GroupPointerRow, open_groups_partition(target), f"{group_id:019d}")


def groups_of_day_partition(day: str) -> str:
    """Partition of the groups that began on a day (`2026-11-27`), by which old groups are found."""
    return partition("GROUPS-OF-DAY", day)


def group_of_day_key(day: str, group_id: int) -> Key[GroupPointerRow]:
    """Key of a group in the list of those that began on a day."""
    return Key(GroupPointerRow, groups_of_day_partition(day), f"{group_id:019d}")
