"""The removal of the channels of ended job groups, `bldr-<group id>` in each origin of their packages."""

from collections.abc import Sequence

from chalicelib.builds import rows as build_rows
from chalicelib.builds.rows import EntryRow, GroupRow
from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.channel_rows import UNSTABLE, MembershipRow
from chalicelib.channels import service as channels
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import BUILDER_ID, Session
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.platform.table import read, read_many, rows

BUILDER = Session(BUILDER_ID, "BUILDER", SessionFlags(0))
AT_ONCE = 100


def remove_channels(group: GroupRow) -> int:
    """Remove the channels of an ended group, and return how many were removed.

    A channel stays if it has a package that is in no other channel than `unstable`.
    """
    entries = rows(EntryRow, build_rows.group_partition(int(group.id)), begins=build_rows.ENTRY_PREFIX)
    origins = {entry.name.partition("/")[0] for entry in entries if entry.built_ident}
    return sum(_remove(origin, group.channel) for origin in sorted(origins))


def _remove(origin: str, channel: str) -> bool:
    if read(channel_rows.channel_key(origin, channel)) is None:
        return False
    members = list(rows(MembershipRow, channel_rows.members_partition(origin, channel)))
    batches = (members[first : first + AT_ONCE] for first in range(0, len(members), AT_ONCE))
    if not all(_are_elsewhere(batch, channel) for batch in batches):
        return False
    channels.delete(origin, channel, BUILDER)
    return True


def _are_elsewhere(members: Sequence[MembershipRow], channel: str) -> bool:
    """Return whether each package is in a channel besides this one and `unstable`."""
    keys = [package_rows.ident_key(PackageIdent.parse(member.ident)) for member in members]
    found = read_many(keys)
    return all(
        (row := found.get(key)) is not None and _channels(row.standing, member.target) - {channel, UNSTABLE}
        for key, member in zip(keys, members, strict=True)
    )


def _channels(standing: str, target: str) -> frozenset[str]:
    placement = Standing.parse(standing).placements.get(Target(target))
    return frozenset() if placement is None else placement.channels
