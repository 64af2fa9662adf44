"""Reads of single packages: exact, latest, channels and download (packages.md sections 3 and 5.4-5.7)."""

from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.channel_rows import UNSTABLE
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import NO_TEXTS, PackageRow, Texts, TextsRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.packages import artifacts
from chalicelib.packages.errors import TargetNotServed
from chalicelib.packages.shapes import PackageChannel
from chalicelib.platform import logs, object_store
from chalicelib.platform.config import config
from chalicelib.platform.table import Found, read, read_many

TRIES = 3
"""The number of attempts to find the newest public release of a name while its releases change."""


def exact(ident: PackageIdent, target: Target, caller: Caller) -> PackageRow:
    """Return a package for a target or, if it does not exist for that target, for another one (packages.md 5.5).

    Makes one call if the package exists for the target, otherwise two. Raises ReleaseMissing.
    """
    key = package_rows.package_key(ident, target)
    found = caller.read_with(key, package_rows.ident_key(ident))
    row = found.get(key)
    if row is not None and _is_visible(row, caller):
        return row
    return _for_another_target(ident, found, caller)


def _for_another_target(ident: PackageIdent, found: Found, caller: Caller) -> PackageRow:
    row = found.get(package_rows.ident_key(ident))
    if row is None:
        raise ReleaseMissing
    visible = Standing.parse(row.standing).visible_to(member=caller.role_in(ident.origin) is not None)
    keys = [package_rows.package_key(ident, target) for target in sorted(visible)]
    others = read_many(keys)
    for key in keys:
        package = others.get(key)
        if package is not None and _is_visible(package, caller):  # may have become private since the ident was read
            return package
    raise ReleaseMissing


def latest(origin: str, name: str, version: str | None, target: Target, caller: Caller) -> PackageRow:
    """Return the newest visible release of a name, or of one version of it (packages.md 5.4).

    Makes one Query of one row. Callers who are not members get the newest public release by another Query and the read
    of its package. That Query is made for an unknown name too: otherwise the time would tell a private name from an
    unknown one. Raises ReleaseMissing.
    """
    newest = next(package_rows.newest_first(origin, name, target, version), None)
    caller.settle()
    if newest is not None and _is_visible(newest, caller):
        return newest
    if caller.role_in(origin) is not None:
        raise ReleaseMissing
    return _newest_public(origin, name, version, target)


def _newest_public(origin: str, name: str, version: str | None, target: Target) -> PackageRow:
    """Return the newest public release, found by the small rows of `unstable`, which every package is in."""
    for _ in range(TRIES):
        newest = channel_rows.newest_row(origin, UNSTABLE, name, version, target, public_only=True)
        if newest is None:
            break
        row = read(package_rows.package_key(PackageIdent.parse(newest.ident), target))
        if row is not None and row.visibility == Visibility.PUBLIC:
            return row
    raise ReleaseMissing


def channels(ident: PackageIdent, target: Target, caller: Caller) -> list[PackageChannel]:
    """Return the channels of a package, descending by bytes. An unknown or invisible package has none."""
    key = package_rows.package_key(ident, target)
    row = caller.read_with(key).get(key)
    if row is None or not _is_visible(row, caller):
        return []
    names = package_rows.channels_of(row)
    membership_keys = {name: channel_rows.membership_key(name, ident, target) for name in names}
    channel_keys = {name: channel_rows.channel_key(ident.origin, name) for name in names}
    found = read_many([*membership_keys.values(), *channel_keys.values()])
    return [
        PackageChannel(name, membership.created_at, membership.updated_at)
        for name in names
        if (membership := found.get(membership_keys[name])) is not None
        and found.get(channel_keys[name]) is not None  # otherwise the channel is under deletion
    ]


def downloadable(ident: PackageIdent, target: Target, caller: Caller) -> PackageRow:
    """Return a package that the caller may download. Anyone may download `hidden` packages (packages.md 5.7).

    Raises TargetNotServed, ReleaseMissing.
    """
    if target not in config.targets:
        raise TargetNotServed(target)
    key = package_rows.package_key(ident, target)
    row = caller.read_with(key).get(key)
    if row is None or not (row.visibility == Visibility.HIDDEN or _is_visible(row, caller)):
        raise ReleaseMissing
    return row


def texts_of(row: TextsRow | None) -> Texts:
    """Return the long texts of a package, from its row or from the object that holds large ones.

    Returns empty texts if the object is missing, because a package can be installed without them.
    """
    if row is None:
        return NO_TEXTS
    if row.content is not None:
        return Texts.unpacked(row.content)
    try:
        return Texts.unpacked(artifacts.read(row.artifact or ""))
    except object_store.ObjectMissing as problem:
        logs.unexpected_error(problem)
        return NO_TEXTS


def _is_visible(row: PackageRow, caller: Caller) -> bool:
    return caller.may_see(row.ident.partition("/")[0], Visibility(row.visibility))
