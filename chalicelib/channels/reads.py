"""What is in a channel: lists, the newest release of a name (packages.md 9.4, 9.6)."""

from functools import partial
from itertools import islice

from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.channel_rows import MembershipRow, NewestRow
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import PackageRow, Texts
from chalicelib.channels import page_starts
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.packages.reads import texts_of
from chalicelib.platform.table import count, page_for, rows, sort_key_of

PUBLIC = str(Visibility.PUBLIC)

LOOKS = 3
"""How often the newest release of a name is looked for while releases come and go."""


def idents(
    origin: str, channel: str, below: str, offset: int, size: int | None, caller: Caller
) -> tuple[list[PackageIdent], int]:
    """A page of a channel's packages, one row per ident and target, ascending, and how many there are in all.

    `below` narrows to a name or a version: `name/` or `name/version/`. Two calls with the caller's own rows; one more
    to count what is below a name, or to note where the next deep page begins.
    """
    there, counted = channel_rows.channel_key(origin, channel), channel_rows.count_key(origin, channel)
    found = caller.read_with(there, counted, *([] if below else page_starts.keys(origin, channel, offset)))
    counts = found.get(counted)
    if found.get(there) is None or counts is None:
        return [], 0
    member = caller.role_in(origin) is not None
    seen, every = channel_rows.seen_by(counts, member), channel_rows.seen_by(counts, member=True)
    where = MembershipRow.visibility == PUBLIC if seen < every else None
    place = channel_rows.members_partition(origin, channel)
    total = count(MembershipRow, place, begins=below, where=where) if below else seen
    if total <= offset:
        return [], total
    page_key = partial(channel_rows.page_start_key, origin, channel, private=where is None)
    after = None if below else page_starts.noted(page_key(offset), found, counts)
    if after is None and where is None and offset > page_starts.DEEP:
        after = sort_key_of(place, offset, begins=below)
    start = offset if after is None else 0
    end = None if size is None else start + size
    page = page_for(end, every, seen)
    wanted = list(islice(rows(MembershipRow, place, begins=below, where=where, page=page, after=after), start, end))
    following = offset + len(wanted)
    if not below and page_starts.DEEP < following < total:
        page_starts.note(page_key(following), counts, wanted[-1].sk)
    return [PackageIdent.parse(row.ident) for row in wanted], total


def latest(
    origin: str, channel: str, name: str, version: str | None, target: Target, caller: Caller
) -> tuple[PackageRow, Texts]:
    """The release that installs resolve to (packages.md 9.6). Raises ReleaseMissing.

    Two calls with the caller's own rows: one Query of one row, then the package; again if it has gone in between.
    """
    for _ in range(LOOKS):
        pointer = _newest(origin, channel, name, version, target, public_only=False)
        package = None if pointer is None else _read(PackageIdent.parse(pointer.ident), target, channel, caller)
        if package is None and pointer is not None and not caller.may_see(origin, Visibility(pointer.visibility)):
            pointer = _newest(origin, channel, name, version, target, public_only=True)
            package = None if pointer is None else _read(PackageIdent.parse(pointer.ident), target, channel, caller)
        if package is not None:
            return package
        if pointer is None:
            break
    raise ReleaseMissing


def exact(ident: PackageIdent, channel: str, target: Target, caller: Caller) -> tuple[PackageRow, Texts]:
    """A package if it is in the channel (packages.md 9.6). One call. Raises ReleaseMissing."""
    package = _read(ident, target, channel, caller)
    if package is None:
        raise ReleaseMissing
    return package


def _newest(
    origin: str, channel: str, name: str, version: str | None, target: Target, public_only: bool
) -> NewestRow | None:
    order = "" if version is None else version_key(version)
    if order is None:
        return None
    found = rows(
        NewestRow,
        channel_rows.newest_partition(origin, channel, name, target),
        begins=order,
        newest_first=True,
        page=None if public_only else 1,
        where=NewestRow.visibility == PUBLIC if public_only else None,
    )
    return next((row for row in found if version is None or PackageIdent.parse(row.ident).version == version), None)


def _read(ident: PackageIdent, target: Target, channel: str, caller: Caller) -> tuple[PackageRow, Texts] | None:
    """The package if it is in the channel and the caller may see it."""
    package, texts = package_rows.package_key(ident, target), package_rows.texts_key(ident, target)
    found = caller.read_with(package, texts, channel_rows.channel_key(ident.origin, channel))
    row, there = found.get(package), found.get(channel_rows.channel_key(ident.origin, channel))
    if row is None or there is None or channel not in package_rows.channels_of(row):
        return None
    if not caller.may_see(ident.origin, Visibility(row.visibility)):
        return None
    return row, texts_of(found.get(texts))
