"""Reads of a channel's packages: lists and the newest release of a name (packages.md 9.4, 9.6)."""

from typing import Any

from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.channel_rows import NewestRow
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.lists import counted_lists, list_pages, list_rows
from chalicelib.catalog.lists.listed_rows import listed_rows
from chalicelib.catalog.package_rows import StoredPackage, TextsRow
from chalicelib.core.deferred import deferred
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.packages.reads import is_visible, may_be_behind
from chalicelib.platform.row import Key

with deferred():
    from chalicelib.catalog.lists import list_folding

PUBLIC = str(Visibility.PUBLIC)

TRIES = 3
"""The number of attempts to find the newest release of a name while its releases change."""


def idents(
    origin: str, channel: str, prefix: str, offset: int, size: int | None, caller: Caller
) -> tuple[list[PackageIdent], int]:
    """Return a page of a channel's packages and their total, one per ident and target, ascending by ident.

    `prefix` narrows the list to a name or version (`name/`, `name/version/`). A `size` of None means all rows. An
    unknown channel is empty. Makes three calls, which also read the caller's rows.
    """
    name, channel_key = list_rows.channel_list(channel), channel_rows.channel_key(origin, channel)
    log, index_key = counted_lists.log_of(origin), counted_lists.index_key(origin, name)
    found = caller.read_with(channel_key, index_key)
    member = caller.role_in(origin) is not None
    if found.get(channel_key) is None:
        return [], 0
    counted = counted_lists.counted(log, name, found.get(index_key))
    page, total = list_pages.page(listed_rows(origin, name), counted, prefix, offset, size, member=member)
    list_folding.fold_if_long(log)
    return [PackageIdent.parse(row.ident) for row in page], total


def latest(
    origin: str, channel: str, name: str, version: str | None, target: Target, caller: Caller
) -> tuple[StoredPackage, TextsRow | None]:
    """Return the newest release of a name or version that the caller may see, and the row of its texts (9.6).

    Makes two calls, which also read the caller's rows: a Query of one row, then the package. Both are repeated if the
    release left the channel in between. If the caller may not see the release, or there is none, the counts of the name
    or version say whether there may be another one, which takes two calls more. They are read for an unknown name too:
    otherwise the time would tell a private name from an unknown one. Raises ReleaseMissing.
    """
    place = (origin, channel, name, version, target)
    for _ in range(TRIES):
        newest = channel_rows.newest_row(*place)
        is_public = newest is not None and newest.visibility == PUBLIC
        package = None if caller.is_anonymous and not is_public else _package_of(newest, target, channel, caller)
        if package is None and not is_public and (newest is None or caller.role_in(origin) is None):
            member = caller.role_in(origin) is not None
            if not may_be_behind(origin, name, version, member):
                break
            newest = channel_rows.newest_behind(*place, public_only=not member)
            package = _package_of(newest, target, channel, caller)
        if package is not None:
            return package
        if newest is None:
            break
    raise ReleaseMissing


def exact(ident: PackageIdent, channel: str, target: Target, caller: Caller) -> tuple[StoredPackage, TextsRow | None]:
    """Return a package and the row of its texts if it is in the channel (packages.md 9.6). One call.

    Raises ReleaseMissing.
    """
    package = _package(ident, target, channel, caller)
    if package is None:
        raise ReleaseMissing
    return package


def _package_of(
    newest: NewestRow | None, target: Target, channel: str, caller: Caller
) -> tuple[StoredPackage, TextsRow | None] | None:
    return None if newest is None else _package(PackageIdent.parse(newest.ident), target, channel, caller)


def _package(
    ident: PackageIdent, target: Target, channel: str, caller: Caller
) -> tuple[StoredPackage, TextsRow | None] | None:
    """Return the package if it is in the channel and the caller may see it, else None."""
    texts_key = package_rows.texts_key(ident, target)
    existence_key = channel_rows.existence_key(ident.origin, channel, ident.name)
    keys: list[Key[Any]] = [*package_rows.package_keys(ident, target), texts_key]
    found = caller.read_with(*keys, *([] if existence_key is None else [existence_key]))
    package = StoredPackage.found(found, ident, target)
    if package is None or channel not in package.placement.channels:
        return None
    if existence_key is not None and found.get(existence_key) is None:  # the channel is under deletion
        return None
    return (package, found.get(texts_key)) if is_visible(package, caller) else None
