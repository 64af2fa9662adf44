"""Reads of a channel's packages: lists and the newest release of a name (packages.md 9.4, 9.6)."""

from functools import partial
from itertools import islice

from msgspec import Struct

from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.channel_rows import ChannelCountRow, MembershipRow, NewestRow, PageStartRow
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import StoredPackage, Texts
from chalicelib.channels import page_starts
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.packages.reads import is_visible, texts_of
from chalicelib.platform.attributes import Condition
from chalicelib.platform.table import Found, Key, count, page_for, position_of, rows

PUBLIC = str(Visibility.PUBLIC)

TRIES = 3
"""The number of attempts to find the newest release of a name while its releases change."""


def idents(
    origin: str, channel: str, prefix: str, offset: int, size: int | None, caller: Caller
) -> tuple[list[PackageIdent], int]:
    """Return a page of a channel's packages and their total, one per ident and target, ascending by ident.

    `prefix` narrows the list to a name or version (`name/`, `name/version/`). A `size` of None means all rows. An
    unknown channel is empty. Makes two calls, which also read the caller's rows, and one more to count the rows below a
    prefix or to cache the start of the next deep page.
    """
    channel_key, count_key = channel_rows.channel_key(origin, channel), channel_rows.count_key(origin, channel)
    start_keys = [] if prefix else page_starts.keys(origin, channel, offset)
    found = caller.read_with(channel_key, count_key, *start_keys)
    counts = found.get(count_key)
    if found.get(channel_key) is None or counts is None:
        return [], 0
    members = _VisibleMembers(origin, channel, prefix, counts, caller.role_in(origin) is not None)
    total = members.total()
    if total <= offset:
        return [], total
    page = members.page(offset, size, found)
    next_offset = offset + len(page)
    if not prefix and page_starts.DEEP < next_offset < total:
        page_starts.cache(members.start_key(next_offset), counts, page[-1].sk)
    return [PackageIdent.parse(row.ident) for row in page], total


class _VisibleMembers(Struct, frozen=True):
    """The membership rows of a channel that a caller may see, below a prefix."""

    origin: str
    channel: str
    prefix: str
    counts: ChannelCountRow
    is_member: bool

    @property
    def partition(self) -> str:
        return channel_rows.members_partition(self.origin, self.channel)

    @property
    def everything(self) -> int:
        """The number of rows in the channel."""
        return channel_rows.visible_to(self.counts, member=True)

    @property
    def visible(self) -> int:
        """The number of rows in the channel that the caller may see."""
        return channel_rows.visible_to(self.counts, self.is_member)

    @property
    def filter(self) -> Condition | None:
        """Depends on the caller alone: a private package may join the channel after the counts were read."""
        return None if self.is_member else MembershipRow.visibility == PUBLIC

    @property
    def hides_nothing(self) -> bool:
        """True if all rows were visible to the caller when they were counted. Decides only where a page starts."""
        return self.visible == self.everything

    def total(self) -> int:
        """The number of rows below the prefix."""
        if not self.prefix:
            return self.visible
        return count(MembershipRow, self.partition, begins=self.prefix, where=self.filter)

    def page(self, offset: int, size: int | None, found: Found) -> list[MembershipRow]:
        """The rows of a page, from its cached start in `found` if there is one."""
        start, first = self._start(offset, found)
        end = None if size is None else first + size
        rows_from_start = rows(
            MembershipRow,
            self.partition,
            begins=self.prefix,
            where=self.filter,
            page=page_for(end, self.everything, self.visible),
            after=start,
        )
        return list(islice(rows_from_start, first, end))

    def start_key(self, offset: int) -> Key[PageStartRow]:
        return channel_rows.page_start_key(self.origin, self.channel, offset, private=self.hides_nothing)

    def _start(self, offset: int, found: Found) -> tuple[str | None, int]:
        """A sort key, and the number of rows to skip after it, where a page starts."""
        start = None if self.prefix else page_starts.cached(self.start_key(offset), found, self.counts)
        if start is not None:
            return start, 0
        if offset <= (page_starts.DEEP if self.hides_nothing else page_starts.DEEP_AMONG_HIDDEN):
            return None, offset
        return position_of(self.partition, offset, begins=self.prefix, where=self.filter)


def latest(
    origin: str, channel: str, name: str, version: str | None, target: Target, caller: Caller
) -> tuple[StoredPackage, Texts]:
    """Return the newest release of a name or version that the caller may see, with its texts (packages.md 9.6).

    Makes two calls, which also read the caller's rows: a Query of one row, then the package. Both are repeated if the
    release left the channel in between. Callers who are not members get the newest public release by one more Query,
    which is made for an unknown name too: otherwise the time would tell a private name from an unknown one. Raises
    ReleaseMissing.
    """
    newest_row = partial(channel_rows.newest_row, origin, channel, name, version, target)
    for _ in range(TRIES):
        newest = newest_row(public_only=False)
        is_public = newest is not None and newest.visibility == PUBLIC
        package = None if caller.is_anonymous and not is_public else _package_of(newest, target, channel, caller)
        if package is None and not is_public and caller.role_in(origin) is None:
            newest = newest_row(public_only=True)
            package = _package_of(newest, target, channel, caller)
        if package is not None:
            return package
        if newest is None:
            break
    raise ReleaseMissing


def exact(ident: PackageIdent, channel: str, target: Target, caller: Caller) -> tuple[StoredPackage, Texts]:
    """Return a package with its texts if it is in the channel (packages.md 9.6). One call. Raises ReleaseMissing."""
    package = _package(ident, target, channel, caller)
    if package is None:
        raise ReleaseMissing
    return package


def _package_of(
    newest: NewestRow | None, target: Target, channel: str, caller: Caller
) -> tuple[StoredPackage, Texts] | None:
    return None if newest is None else _package(PackageIdent.parse(newest.ident), target, channel, caller)


def _package(ident: PackageIdent, target: Target, channel: str, caller: Caller) -> tuple[StoredPackage, Texts] | None:
    """Return the package if it is in the channel and the caller may see it, else None."""
    texts_key, channel_key = package_rows.texts_key(ident, target), channel_rows.channel_key(ident.origin, channel)
    found = caller.read_with(*package_rows.package_keys(ident, target), texts_key, channel_key)
    package = StoredPackage.found(found, ident, target)
    if package is None or found.get(channel_key) is None or channel not in package.placement.channels:
        return None
    return (package, texts_of(found.get(texts_key))) if is_visible(package, caller) else None
