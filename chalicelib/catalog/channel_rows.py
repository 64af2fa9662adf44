"""Rows of channels and of the packages in them.

A package in a channel has two rows: one in text order for lists, and one in version order, which makes the newest
release of a name a Query of one row. Both store the visibility, so that lists do not read the packages.
"""

import re

from chalicelib.catalog import origin_rows
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import Key, Row, partition, rows

UNSTABLE = "unstable"
STABLE = "stable"
INITIAL_CHANNELS = (UNSTABLE, STABLE)
PUBLIC_ROWS_PER_CALL = 1_000
UNIT_SEPARATOR = "\x1f"
_OF_GROUP = re.compile("bldr-[0-9]{1,19}", re.ASCII)


class ChannelRow(Row):
    """A channel of an origin. The sort key is its name."""

    id = NumberAttribute()
    owner_id = NumberAttribute()
    created_at = UnicodeAttribute()

    @property
    def name(self) -> str:
        """The name of the channel."""
        return self.sk


class ChannelsRow(Row):
    """The revision of an origin's list of channels, which the creation of a channel sets, and their number.

    `channels` does not count the two initial channels, which exist as long as the origin, and those of job groups.

    The deletion of the origin counts the channels and then requires the revision that it read before. This is a
    separate row, because uploads change the origin's counts, and `hab` tries to create a channel before each promotion.
    """

    revision = NumberAttribute()
    channels = NumberAttribute(default=0)


class NewestOfAllRow(Row):
    """Cached: the newest release of every name in a channel for a target, valid for one revision of the channel."""

    revision = NumberAttribute()
    content = BinaryAttribute(legacy_encoding=False)


class MembershipRow(Row):
    """A package in a channel, in text order of idents. `by` names the account that promoted it, None for an upload."""

    ident = UnicodeAttribute()
    target = UnicodeAttribute()
    visibility = UnicodeAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    by = UnicodeAttribute(null=True)

    @property
    def parts(self) -> tuple[str, str, str]:
        """Name, version and release of the ident, taken from the sort key."""
        name, version, release = self.sk.partition(UNIT_SEPARATOR)[0].split("/")
        return name, version, release


class NewestRow(Row):
    """A package in a channel, in version order within its name and target."""

    ident = UnicodeAttribute()
    visibility = UnicodeAttribute()


def channels_partition(origin: str) -> str:
    """Partition of the channels of an origin."""
    return partition("CHANNELS", origin)


def channel_key(origin: str, channel: str) -> Key[ChannelRow]:
    """Key of a channel."""
    return Key(ChannelRow, channels_partition(origin), channel)


def list_key(origin: str) -> Key[ChannelsRow]:
    """Key of the revision of an origin's list of channels."""
    return Key(ChannelsRow, partition("ORIGIN", origin), "CHANNELS")


def is_of_group(channel: str) -> bool:
    """Return True for the channel of a job group, `bldr-<id>` (builds.md 8.7)."""
    return _OF_GROUP.fullmatch(channel) is not None


def add_to_list(change: Change, origin: str, channel: str) -> None:
    """Count a new channel. The change raises TooManyInOrigin if the origin has the most that it can have.

    Channels of job groups are not counted: every group makes one, and only a part of them is ever listed.
    """
    renewed = ChannelsRow.revision.set(new_id())
    if is_of_group(channel):
        change.update(list_key(origin), [renewed])
        return
    change.update(
        list_key(origin),
        [renewed, ChannelsRow.channels.add(1)],
        condition=origin_rows.is_below_most(ChannelsRow.channels, "channels"),
        otherwise=origin_rows.too_many("channels"),
    )


def remove_from_list(change: Change, origin: str, channel: str) -> None:
    """Count a channel less. The change must delete the channel on condition that it exists."""
    change.update(list_key(origin), [ChannelsRow.channels.add(0 if is_of_group(channel) else -1)])


def members_partition(origin: str, channel: str) -> str:
    """Partition of the packages in a channel."""
    return partition("CHANNEL", origin, channel)


def membership_key(channel: str, ident: PackageIdent, target: Target) -> Key[MembershipRow]:
    """Key of a package in a channel.

    The separator sorts before every character that an ident may contain, so the rows are in the text order of idents.
    """
    sort_key = f"{ident.name}/{ident.version}/{ident.release}{UNIT_SEPARATOR}{target}"
    return Key(MembershipRow, members_partition(ident.origin, channel), sort_key)


def newest_partition(origin: str, channel: str, name: str, target: Target) -> str:
    """Partition of the releases of a name in a channel for a target, in version order."""
    return partition("NEWEST", origin, channel, name, target)


def newest_row(
    origin: str, channel: str, name: str, version: str | None, target: Target, public_only: bool
) -> NewestRow | None:
    """Return the newest release of a name, or of one version of it, in a channel (packages.md section 3).

    One Query of one row; of up to a thousand rows per call with `public_only`, which skips newer private releases.
    """
    order = "" if version is None else version_key(version)
    if order is None:
        return None
    newest_first = rows(
        NewestRow,
        newest_partition(origin, channel, name, target),
        begins=order,
        newest_first=True,
        page=PUBLIC_ROWS_PER_CALL if public_only else 1,
        where=NewestRow.visibility == str(Visibility.PUBLIC) if public_only else None,
    )
    # Several texts of a version have the same order: `1.2` and `01.2`.
    matching = (row for row in newest_first if version is None or PackageIdent.parse(row.ident).version == version)
    return next(matching, None)


def newest_of_all_key(origin: str, channel: str, target: str, members: bool) -> Key[NewestOfAllRow]:
    """Key of the cached newest releases of a channel, for members of the origin or for the public."""
    sort_key = f"{target}{UNIT_SEPARATOR}{'members' if members else 'public'}"
    return Key(NewestOfAllRow, partition("NEWEST-OF-ALL", origin, channel), sort_key)
