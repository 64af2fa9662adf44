"""What is in a channel: lists, the newest release of a name, and of every name (packages.md 9.4-9.6)."""

from itertools import islice

from chalicelib.accounts.caller import Caller
from chalicelib.channels import store
from chalicelib.channels.store import MembershipRow, NewestRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key, version_key
from chalicelib.core.visibility import Visibility
from chalicelib.packages import store as packages
from chalicelib.packages.errors import ReleaseMissing
from chalicelib.packages.reads import texts_of
from chalicelib.packages.store import PackageRow, Texts
from chalicelib.platform.table import count, read, read_many, rows

PUBLIC = str(Visibility.PUBLIC)


def idents(
    origin: str, channel: str, below: str, offset: int, size: int | None, member: bool
) -> tuple[list[PackageIdent], int]:
    """A page of a channel's packages, one row per ident and target, ascending, and how many there are in all.

    `below` narrows to a name or a version: `name/` or `name/version/`.
    """
    counts_of = store.count_key(origin, channel)
    found = read_many([store.channel_key(origin, channel), counts_of])
    if found.get(store.channel_key(origin, channel)) is None:
        return [], 0
    where = None if member else MembershipRow.visibility == PUBLIC
    place = store.members_partition(origin, channel)
    if below:
        total = count(MembershipRow, place, begins=below, where=where)
    else:
        total = store.seen_by(found.get(counts_of), member)
    if total <= offset:
        return [], total
    page = None if size is None else offset + size
    wanted = islice(rows(MembershipRow, place, begins=below, where=where, page=page), offset, page)
    return [PackageIdent.parse(row.ident) for row in wanted], total


def newest_of_all(origin: str, channel: str, target: str, member: bool) -> list[PackageIdent]:
    """The newest release of every name in a channel for a target (compared as text), by name (packages.md 9.5)."""
    if read(store.channel_key(origin, channel)) is None:
        return []
    newest: dict[str, tuple[str, PackageIdent]] = {}
    where = MembershipRow.target == target
    if not member:
        where &= MembershipRow.visibility == PUBLIC
    for row in rows(MembershipRow, store.members_partition(origin, channel), where=where):
        ident = PackageIdent.parse(row.ident)
        order = release_key(ident.version, ident.release)
        if order is not None and (ident.name not in newest or newest[ident.name][0] < order):
            newest[ident.name] = (order, ident)
    return [newest[name][1] for name in sorted(newest)]


def latest(
    origin: str, channel: str, name: str, version: str | None, target: Target, caller: Caller
) -> tuple[PackageRow, Texts]:
    """The release that installs resolve to (packages.md 9.6). Raises ReleaseMissing.

    Two calls with the caller's own rows: one Query of one row, then the package.
    """
    pointer = _newest(origin, channel, name, version, target, public_only=False)
    if pointer is None:
        raise ReleaseMissing
    package = _read(PackageIdent.parse(pointer.ident), target, channel, caller)
    if package is not None:
        return package
    pointer = _newest(origin, channel, name, version, target, public_only=True)
    package = None if pointer is None else _read(PackageIdent.parse(pointer.ident), target, channel, caller)
    if package is None:
        raise ReleaseMissing
    return package


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
        store.newest_partition(origin, channel, name, target),
        begins=order,
        newest_first=True,
        page=None if public_only else 1,
        where=NewestRow.visibility == PUBLIC if public_only else None,
    )
    return next((row for row in found if version is None or PackageIdent.parse(row.ident).version == version), None)


def _read(ident: PackageIdent, target: Target, channel: str, caller: Caller) -> tuple[PackageRow, Texts] | None:
    """The package if it is in the channel and the caller may see it."""
    package, texts = packages.package_key(ident, target), packages.texts_key(ident, target)
    found = caller.read_with(package, texts, store.channel_key(ident.origin, channel))
    row, there = found.get(package), found.get(store.channel_key(ident.origin, channel))
    if row is None or there is None or channel not in packages.channels_of(row):
        return None
    if not caller.may_see(ident.origin, Visibility(row.visibility)):
        return None
    return row, texts_of(found.get(texts))
