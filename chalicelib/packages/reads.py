"""Reads of single packages: exact, latest, channels and download (packages.md sections 3 and 5.4-5.7)."""

from chalicelib.catalog import channel_rows, name_rows, package_rows
from chalicelib.catalog.channel_rows import UNSTABLE
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import StoredPackage, TextsRow
from chalicelib.catalog.package_texts import NO_TEXTS, Texts
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.packages import artifacts, newest
from chalicelib.packages.errors import TargetNotServed
from chalicelib.packages.newest import Place
from chalicelib.packages.shapes import PackageChannel
from chalicelib.platform import logs, object_store
from chalicelib.platform.config import config
from chalicelib.platform.table import Found, read, read_many

TRIES = 3
"""The number of attempts to find the newest release of a name while its releases change."""


def exact(ident: PackageIdent, target: Target, caller: Caller) -> StoredPackage:
    """Return a package for a target or, if it does not exist for that target, for another one (packages.md 5.5).

    Makes one call if the package exists for the target, otherwise two. Raises ReleaseMissing.
    """
    found = caller.read_with(*package_rows.package_keys(ident, target))
    package = StoredPackage.found(found, ident, target)
    if package is not None and is_visible(package, caller):
        return package
    return _for_another_target(ident, found, caller)


def _for_another_target(ident: PackageIdent, found: Found, caller: Caller) -> StoredPackage:
    row = found.get(package_rows.ident_key(ident))
    if row is None:
        raise ReleaseMissing
    visible = Standing.parse(row.standing).visible_to(member=caller.role_in(ident.origin) is not None)
    keys = {target: package_rows.package_key(ident, target) for target in sorted(visible)}
    others = read_many(list(keys.values()))
    for target, key in keys.items():
        package = others.get(key)
        if package is not None:
            return StoredPackage(package, visible[target], row.revision)
    raise ReleaseMissing


def latest(origin: str, name: str, version: str | None, target: Target, caller: Caller) -> StoredPackage:
    """Return the newest visible release of a name, or of one version of it (packages.md 5.4).

    Makes one or two calls (`packages/newest.py`), which also read the caller's rows. If the caller may not see the
    release, or there is none, the counts of the name or version say whether there is another one, which takes two calls
    more. They are read for an unknown name too: otherwise the time would tell a private name from an unknown one.
    Raises ReleaseMissing.
    """
    package = newest.newest(Place(origin, name, version, target), caller)
    if package is not None and is_visible(package, caller):
        return package
    return _behind(origin, name, version, target, caller)


def _behind(origin: str, name: str, version: str | None, target: Target, caller: Caller) -> StoredPackage:
    """Return the newest visible release, found by the small rows of `unstable`, which every package is in."""
    member = caller.role_in(origin) is not None
    if not may_be_behind(origin, name, version, member):
        raise ReleaseMissing
    for _ in range(TRIES):
        row = channel_rows.newest_behind(origin, UNSTABLE, name, version, target, public_only=not member)
        if row is None:
            break
        package = stored(PackageIdent.parse(row.ident), target)
        if package is not None and is_visible(package, caller):
            return package
    raise ReleaseMissing


def may_be_behind(origin: str, name: str, version: str | None, member: bool) -> bool:
    """Return whether a visible release may be behind the newest one, which is not what the caller requests.

    One call, unless a member requests a name: members see all its releases.
    """
    if member and version is None:
        return False
    return name_rows.visible_idents(read(name_rows.counts_key(origin, name, version)), member) > 0


def stored(ident: PackageIdent, target: Target) -> StoredPackage | None:
    """Return a package regardless of its visibility, or None if it does not exist. One call."""
    return StoredPackage.found(read_many(package_rows.package_keys(ident, target)), ident, target)


def channels(ident: PackageIdent, target: Target, caller: Caller) -> list[PackageChannel]:
    """Return the channels of a package, descending by bytes. An unknown or invisible package has none."""
    package = StoredPackage.found(caller.read_with(*package_rows.package_keys(ident, target)), ident, target)
    if package is None or not is_visible(package, caller):
        return []
    names = package.channels
    membership_keys = {name: channel_rows.membership_key(name, ident, target) for name in names}
    channel_keys = {name: channel_rows.channel_key(ident.origin, name) for name in names}
    found = read_many([*membership_keys.values(), *channel_keys.values()])
    return [
        PackageChannel(name, membership.created_at, membership.updated_at)
        for name in names
        if (membership := found.get(membership_keys[name])) is not None
        and found.get(channel_keys[name]) is not None  # otherwise the channel is under deletion
    ]


def downloadable(ident: PackageIdent, target: Target, caller: Caller) -> StoredPackage:
    """Return a package that the caller may download. Anyone may download `hidden` packages (packages.md 5.7).

    Raises TargetNotServed, ReleaseMissing.
    """
    if target not in config.targets:
        raise TargetNotServed(target)
    package = StoredPackage.found(caller.read_with(*package_rows.package_keys(ident, target)), ident, target)
    if package is None or not (package.visibility is Visibility.HIDDEN or is_visible(package, caller)):
        raise ReleaseMissing
    return package


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


def is_visible(package: StoredPackage, caller: Caller) -> bool:
    """Return True if the caller may see a package (packages.md 1.1)."""
    return caller.may_see(package.row.ident.partition("/")[0], package.visibility)
