"""Reading single packages: exact, latest, its channels, its bytes (packages.md sections 3, 5.4-5.7)."""

from typing import NamedTuple

from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import NO_TEXTS, PackageRow, Texts, TextsRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.packages import artifacts
from chalicelib.packages.errors import TargetNotServed
from chalicelib.platform import logs, object_store
from chalicelib.platform.config import config
from chalicelib.platform.table import Found, read_many


class Membership(NamedTuple):
    """A channel that a package is in, and since when."""

    channel: str
    created_at: str
    promoted_at: str


def exact(ident: PackageIdent, target: Target, caller: Caller) -> PackageRow:
    """A package by ident, for the target if it exists there, else for any (packages.md 5.5). Raises ReleaseMissing.

    One call where the target has it, two otherwise.
    """
    wanted = package_rows.package_key(ident, target)
    found = caller.read_with(wanted, package_rows.ident_key(ident))
    row = found.get(wanted)
    if row is not None and _visible(row, caller):
        return row
    return _for_another_target(ident, found, caller)


def _for_another_target(ident: PackageIdent, found: Found, caller: Caller) -> PackageRow:
    row = found.get(package_rows.ident_key(ident))
    if row is None:
        raise ReleaseMissing
    standing = Standing.parse(row.standing)
    visible = standing.seen_by(member=caller.role_in(ident.origin) is not None)
    keys = [package_rows.package_key(ident, target) for target in sorted(visible)]
    others = read_many(keys)
    for key in keys:
        package = others.get(key)
        if package is not None and _visible(package, caller):  # it may have become private since
            return package
    raise ReleaseMissing


def latest(origin: str, name: str, version: str | None, target: Target, caller: Caller) -> PackageRow:
    """The newest visible release (packages.md 5.4). Raises ReleaseMissing.

    One Query of one row, unless the newest is hidden from the caller.
    """
    newest = next(package_rows.newest_first(origin, name, target, version), None)
    caller.settle()
    if newest is not None and not _visible(newest, caller):
        newest = package_rows.newest_public(origin, name, target, version)
    if newest is None:
        raise ReleaseMissing
    return newest


def memberships(ident: PackageIdent, target: Target, caller: Caller) -> list[Membership]:
    """The channels of a package, descending; none for a package that the caller may not see (packages.md 5.6)."""
    wanted = package_rows.package_key(ident, target)
    row = caller.read_with(wanted).get(wanted)
    if row is None or not _visible(row, caller):
        return []
    names = package_rows.channels_of(row)
    keys = [channel_rows.membership_key(name, ident, target) for name in names]
    existing = [channel_rows.channel_key(ident.origin, name) for name in names]
    found = read_many([*keys, *existing])
    return [
        Membership(name, place.created_at, place.updated_at)
        for name, key, channel in zip(names, keys, existing, strict=True)
        if (place := found.get(key)) is not None and found.get(channel) is not None  # it may be under deletion
    ]


def downloadable(ident: PackageIdent, target: Target, caller: Caller) -> PackageRow:
    """The package whose bytes are asked for; hidden ones are for everybody who knows the ident (packages.md 5.7).

    Raises TargetNotServed, ReleaseMissing.
    """
    if target not in config.targets:
        raise TargetNotServed(target)
    wanted = package_rows.package_key(ident, target)
    row = caller.read_with(wanted).get(wanted)
    if row is None or not (row.visibility == Visibility.HIDDEN or _visible(row, caller)):
        raise ReleaseMissing
    return row


def texts_of(row: TextsRow | None) -> Texts:
    """MANIFEST and default.toml; huge ones are in the object store, and a package can be installed without them."""
    if row is None:
        return NO_TEXTS
    if row.content is not None:
        return Texts.unpacked(row.content)
    try:
        return Texts.unpacked(artifacts.read(row.artifact or ""))
    except object_store.ObjectMissing as problem:
        logs.unexpected_error(problem)
        return NO_TEXTS


def _visible(row: PackageRow, caller: Caller) -> bool:
    return caller.may_see(row.ident.partition("/")[0], Visibility(row.visibility))
