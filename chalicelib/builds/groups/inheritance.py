"""What a group that repeats another one inherits: the packages that the other one has built (builds.md 4.4)."""

import zlib
from collections.abc import Collection

from chalicelib.builds import rows
from chalicelib.builds.rows import GroupRow, SeedsRow
from chalicelib.catalog.errors import ChannelMissing, TooManyChannels, TooManyInOrigin
from chalicelib.channels.bulk import service as bulk
from chalicelib.channels.bulk.service import BulkChange
from chalicelib.core.events.event_kinds import ChannelOperation, Trigger
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.platform import logs
from chalicelib.platform.change import Change
from chalicelib.platform.table import read


class RebuiltMeanwhile(Exception):
    """Another request has repeated the group since it was read."""


def note_rebuild(change: Change, old: GroupRow, new_group_id: int) -> None:
    """Note in a group the group that repeats it. The change raises RebuiltMeanwhile if another request was faster."""
    if old.rebuilt_as is None:
        unchanged = GroupRow.rebuilt_as.does_not_exist()
    else:
        unchanged = GroupRow.rebuilt_as == int(old.rebuilt_as)
    change.update(rows.group_key(int(old.id)), [GroupRow.rebuilt_as.set(new_group_id)], unchanged, RebuiltMeanwhile())


def seeds_row(group_id: int, seeds: Collection[str], origins: Collection[str]) -> SeedsRow:
    """Return the row of the seeds of a group that repeats another one."""
    key = rows.seeds_key(group_id)
    names = zlib.compress(" ".join(sorted(seeds)).encode())
    return SeedsRow(key.pk, key.sk, names=names, origins=" ".join(sorted(origins)))


def seeds_of(group: GroupRow) -> list[str]:
    """Return the seeds of a group that repeats another one."""
    row = read(rows.seeds_key(int(group.id)))
    return [] if row is None else zlib.decompress(row.names).decode().split()


def origins_inherited_by(group: GroupRow) -> set[str]:
    """Return the origins in which a group has inherited packages; none for one that does not repeat another group."""
    row = None if group.rebuilds is None else read(rows.seeds_key(int(group.id)))
    return set() if row is None else set(row.origins.split())


def copy_packages(group: GroupRow) -> None:
    """Add the packages in the channel of the repeated group to the channel of a group. May be repeated.

    Does nothing for a group that does not repeat another one. If a package is in too many channels, or an origin was
    deleted, the packages of the origin are not copied; builds then use the newest releases in `stable`. Raises
    BulkUnfinished.
    """
    if group.rebuilds is None:
        return
    source = rows.channel_of(int(group.rebuilds))
    by = Session(int(group.requester_id), group.requester_name, SessionFlags(0), trigger=Trigger(group.trigger))
    for origin in sorted(origins_inherited_by(group)):
        try:
            bulk.apply(BulkChange(ChannelOperation.PROMOTE, origin, source, group.channel, by))
        except (ChannelMissing, TooManyChannels, TooManyInOrigin) as problem:
            fields = {"group": int(group.id), "origin": origin, "why": type(problem).__name__}
            logs.logger().warning("packages of a job group are not inherited", extra=fields)
