"""Rows of channels and of the packages in them.

A package in a channel has two rows: one in text order for lists, and one in version order, which makes the newest
release of a name a Query of one row. Both store the visibility, so that lists do not read the packages.
"""

import re
from hashlib import sha256
from typing import Any
from zlib import crc32

from chalicelib.catalog import origin_rows
from chalicelib.catalog.lists import list_rows
from chalicelib.core.ident import STORABLE_BYTES, PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id
from chalicelib.platform.row import Key, KeyTooLong, Row, partition
from chalicelib.platform.table import rows

UNSTABLE = "unstable"
STABLE = "stable"
INITIAL_CHANNELS = (UNSTABLE, STABLE)
COPIES = 16
ROWS_PER_CALL = 1_000
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


class ChannelCopyRow(Row):
    """A copy of a channel's row, which exists as long as the channel. Each copy serves the installs of some names.

    One row serves 3,000 reads per second, and DynamoDB cannot divide it. The initial channels need no copies: they
    exist as long as the origin has packages. Channels of job groups have none either: only their builds read them.
    """


class ChannelsRow(Row):
    """The revision of an origin's list of channels, which the creation of a channel sets, and their number.

    `channels` does not count the two initial channels, which exist as long as the origin, and those of job groups.

    The deletion of the origin counts the channels and then requires the revision that it read before. This is a
    separate row, because uploads change the origin's counts, and `hab` tries to create a channel before each promotion.
    """

    revision = NumberAttribute()
    channels = NumberAttribute(default=0)


class NewestOfAllRow(Row):
    """A view: the newest release of every name in a channel for a target, and the changes of the log that it includes.

    `content` is packed `NewestNames`, None while the view is made for the first time. Each write sets a new version.
    """

    version = NumberAttribute()
    content = BinaryAttribute(legacy_encoding=False, null=True)
    included = BinaryAttribute(legacy_encoding=False)
    made_at = NumberAttribute()
    paused_until = NumberAttribute(default=0)


class EndedChannelRow(Row):
    """A deleted channel whose list may still have an index, and views. `id` distinguishes it from a later deletion."""

    id = NumberAttribute()
    origin = UnicodeAttribute()
    channel = UnicodeAttribute()


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


def existence_key(origin: str, channel: str, name: str) -> Key[Any] | None:
    """Key of a row that exists as long as the channel, for a read of a package with a name that is in the channel.

    None for an initial channel, which exists as long as the package.
    """
    if channel in INITIAL_CHANNELS:
        return None
    return channel_key(origin, channel) if is_of_group(channel) else _copy_key(origin, channel, crc32(name.encode()))


def _copy_keys(origin: str, channel: str) -> list[Key[ChannelCopyRow]]:
    several = range(0 if channel in INITIAL_CHANNELS or is_of_group(channel) else COPIES)
    return [_copy_key(origin, channel, number) for number in several]


def _copy_key(origin: str, channel: str, number: int) -> Key[ChannelCopyRow]:
    return Key(ChannelCopyRow, partition("CHANNEL-COPIES", origin, channel, str(number % COPIES)), "COPY")


ENDED = partition("ENDED-CHANNELS")


def ended_key(origin: str, channel: str) -> Key[EndedChannelRow]:
    """Key of a deleted channel. The sort key is a hash, because a channel's name may be as long as a sort key."""
    return Key(EndedChannelRow, ENDED, f"{origin}/{sha256(channel.encode()).hexdigest()}")


def list_key(origin: str) -> Key[ChannelsRow]:
    """Key of the revision of an origin's list of channels."""
    return Key(ChannelsRow, partition("ORIGIN", origin), "CHANNELS")


def is_of_group(channel: str) -> bool:
    """Return True for the channel of a job group, `bldr-<id>` (builds.md 8.7)."""
    return _OF_GROUP.fullmatch(channel) is not None


def add_to_list(change: Change, origin: str, channel: str) -> None:
    """Count a new channel. The change raises TooManyInOrigin if the origin has the most that it can have.

    Also writes the copies of the channel's row. Channels of job groups are not counted: every group makes one, and only
    a part of them is ever listed. Raises KeyTooLong also if other rows of the channel would have too long keys.
    """
    _demand_storable(origin, channel)
    renewed = ChannelsRow.revision.set(new_id())
    for key in _copy_keys(origin, channel):
        change.put(ChannelCopyRow(key.pk, key.sk))
    if is_of_group(channel):
        change.update(list_key(origin), [renewed])
        return
    change.update(
        list_key(origin),
        [renewed, ChannelsRow.channels.add(1)],
        condition=origin_rows.is_below_most(ChannelsRow.channels, "channels"),
        otherwise=origin_rows.too_many("channels"),
    )


def _demand_storable(origin: str, channel: str) -> None:
    """Raise KeyTooLong for the name of a channel if the rows of its list, or of one of its packages, cannot be stored.

    Otherwise the folds of all lists of the origin would fail, or a bulk change when it comes to a long name.
    """
    longest_name = "x" * (STORABLE_BYTES - len(origin))
    newest = newest_partition(origin, channel, longest_name, max(Target, key=len))
    if not (list_rows.index_key(origin, list_rows.channel_list(channel)).fits and Key(NewestRow, newest, "").fits):
        raise KeyTooLong


def remove_from_list(change: Change, origin: str, channel: str) -> None:
    """Count a channel less, delete its copies, and note that its list has ended (`channels/ended_lists.py`).

    The change must delete the channel on condition that it exists.
    """
    for key in _copy_keys(origin, channel):
        change.delete(key)
    ended = ended_key(origin, channel)
    change.put(EndedChannelRow(ended.pk, ended.sk, id=new_id(), origin=origin, channel=channel))
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


def newest_row(origin: str, channel: str, name: str, version: str | None, target: Target) -> NewestRow | None:
    """Return the newest release of a name, or of one version of it, in a channel (packages.md section 3).

    One Query of one row. None also if another text of the version, such as `1.2` for `01.2`, has a newer release:
    `newest_behind` finds the release then.
    """
    order = "" if version is None else version_key(version)
    if order is None:
        return None
    releases = newest_partition(origin, channel, name, target)
    row = next(rows(NewestRow, releases, begins=order, newest_first=True, limit=1), None)
    return row if row is None or _is_of_version(row, version) else None


def newest_behind(
    origin: str, channel: str, name: str, version: str | None, target: Target, *, public_only: bool
) -> NewestRow | None:
    """Like `newest_row`, behind newer releases of other texts of the version, and with `public_only` private ones.

    One Query, of up to a thousand rows per call. Callers find out first whether there is such a release at all
    (`name_rows.counts_key`), so that a request for an unknown version does not read all releases of another text.
    """
    order = "" if version is None else version_key(version)
    if order is None:
        return None
    newest_first = rows(
        NewestRow,
        newest_partition(origin, channel, name, target),
        begins=order,
        newest_first=True,
        page=ROWS_PER_CALL,
        where=NewestRow.visibility == str(Visibility.PUBLIC) if public_only else None,
    )
    return next((row for row in newest_first if _is_of_version(row, version)), None)


def _is_of_version(row: NewestRow, version: str | None) -> bool:
    return version is None or PackageIdent.parse(row.ident).version == version


def newest_of_all_key(origin: str, channel: str, target: str) -> Key[NewestOfAllRow]:
    """Key of the view of the newest releases of a channel for a target."""
    return Key(NewestOfAllRow, partition("NEWEST-OF-ALL", origin, channel), target)
