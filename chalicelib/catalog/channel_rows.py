"""Rows of channels and of what is in them.

A membership has two rows: one in text order for lists, one in version order, so that the newest release of a name in a
channel is one Query of one row. Both carry the visibility, so that lists need not look at the packages.
"""

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.table import Key, Row, partition

UNSTABLE = "unstable"
STABLE = "stable"
BORN_WITH = (UNSTABLE, STABLE)
UNIT_SEPARATOR = "\x1f"


class ChannelRow(Row):
    """A channel of an origin; its sort key is the name."""

    id = NumberAttribute()
    owner_id = NumberAttribute()
    created_at = UnicodeAttribute()

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.sk


class ChannelCountRow(Row):
    """How many packages a channel holds, kept in the transactions that change it; each gives it a new revision."""

    packages = NumberAttribute(default=0)
    public_packages = NumberAttribute(default=0)
    revision = NumberAttribute(default=0)


class NewestOfAllRow(Row):
    """The newest release of every name in a channel for a target, as it was at a revision of the channel's count."""

    revision = NumberAttribute()
    content = BinaryAttribute(legacy_encoding=False)


class LeavingChannelRow(Row):
    """A channel under deletion: gone for every reader, while its memberships are taken down; a repeat goes on here.

    `id` tells this deletion from a later one of the same name.
    """

    id = NumberAttribute()


class LeavingFromRow(Row):
    """An origin in which channels were deleted lately: one partition of them, so that what a deletion left is found.

    `deletions` grows with each, so that nobody removes the row over one that has just begun.
    """

    deletions = NumberAttribute(default=0)

    @property
    def origin(self) -> str:
        """The origin's name."""
        return self.sk


class PageStartRow(Row):
    """Behind which sort key a page of a channel's list begins, as it was at a revision of the channel's count."""

    start = UnicodeAttribute()
    revision = NumberAttribute()
    expires_at = NumberAttribute()


class MembershipRow(Row):
    """A package in a channel, in text order of its ident; `by` is the account that promoted it, None for an upload."""

    ident = UnicodeAttribute()
    target = UnicodeAttribute()
    visibility = UnicodeAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    by = UnicodeAttribute(null=True)


class NewestRow(Row):
    """A package in a channel, in version order within name and target."""

    ident = UnicodeAttribute()
    visibility = UnicodeAttribute()


def channels_partition(origin: str) -> str:
    """Where the channels of an origin stand."""
    return partition("CHANNELS", origin)


def channel_key(origin: str, channel: str) -> Key[ChannelRow]:
    """Where a channel stands."""
    return Key(ChannelRow, channels_partition(origin), channel)


def count_key(origin: str, channel: str) -> Key[ChannelCountRow]:
    """Where a channel's count stands."""
    return Key(ChannelCountRow, partition("CHANNEL-COUNTS", origin), channel)


def leaving_partition(origin: str) -> str:
    """Where the channels of an origin stand that are being deleted."""
    return partition("LEAVING-CHANNELS", origin)


def leaving_key(origin: str, channel: str) -> Key[LeavingChannelRow]:
    """Where a channel stands while it is being deleted."""
    return Key(LeavingChannelRow, leaving_partition(origin), channel)


LEAVING_FROM = partition("LEAVING-FROM")


def leaving_from_key(origin: str) -> Key[LeavingFromRow]:
    """Where an origin stands while channels of it may be under deletion."""
    return Key(LeavingFromRow, LEAVING_FROM, origin)


def members_partition(origin: str, channel: str) -> str:
    """Where the memberships of a channel stand."""
    return partition("CHANNEL", origin, channel)


def membership_key(channel: str, ident: PackageIdent, target: Target) -> Key[MembershipRow]:
    """Where a package's membership stands: in the text order of idents, which hold nothing below the separator."""
    place = f"{ident.name}/{ident.version}/{ident.release}{UNIT_SEPARATOR}{target}"
    return Key(MembershipRow, members_partition(ident.origin, channel), place)


def newest_partition(origin: str, channel: str, name: str, target: Target) -> str:
    """Where a name's releases for a target stand in version order."""
    return partition("NEWEST", origin, channel, name, target)


def newest_of_all_key(origin: str, channel: str, target: str, members: bool) -> Key[NewestOfAllRow]:
    """Where the newest of every name is kept, as members or as everybody sees it."""
    place = f"{target}{UNIT_SEPARATOR}{'members' if members else 'public'}"
    return Key(NewestOfAllRow, partition("NEWEST-OF-ALL", origin, channel), place)


def page_start_key(origin: str, channel: str, offset: int, private: bool) -> Key[PageStartRow]:
    """Where the beginning of a page is noted, with or without what is private."""
    kind = "PAGES" if private else "PUBLIC-PAGES"
    return Key(PageStartRow, partition(kind, origin, channel), str(offset))


def seen_by(counts: ChannelCountRow | None, member: bool) -> int:
    """How many packages of a channel a member, or anybody else, sees."""
    if counts is None:
        return 0
    return int(counts.packages if member else counts.public_packages)
