"""Changing one package: what may be uploaded, deletion and visibility (packages.md sections 7 and 8)."""

from collections.abc import Collection
from functools import partial

from chalicelib.catalog import package_rows, steps
from chalicelib.catalog.channel_rows import STABLE
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.steps import Observed
from chalicelib.core.ident import PackageIdent, is_package_name, is_storable
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility, VisibilityUnknown
from chalicelib.packages import artifacts, dependents
from chalicelib.packages.errors import DeletionRefused, IdentInvalid, VisibilityRefused
from chalicelib.platform.change import TRANSACTION_LIMIT, Change, again_when_stale
from chalicelib.platform.table import read_many


def delete(ident: PackageIdent, target: Target) -> None:
    """Remove a package with its memberships and bytes; settings and events stay (packages.md 8.1).

    The rows go together, then the object; one that could not be removed is no longer reachable and is swept later.
    Raises DeletionRefused, ReleaseMissing, ObjectStoreFailed (nothing removed).
    """
    again_when_stale(lambda: _delete(ident, target))


def _delete(ident: PackageIdent, target: Target) -> None:
    package = package_rows.package_key(ident, target)
    found = read_many([*steps.keys_of(ident), package])
    seen, row = Observed.from_rows(ident, found), found.get(package)
    place = seen.standing.places.get(target)
    if place is not None and STABLE in place.channels:
        raise DeletionRefused.in_stable(ident)
    if next(dependents.of(ident.origin, ident.name, target), None) is not None:
        raise DeletionRefused.needed(ident)
    if row is None or place is None:
        raise ReleaseMissing
    artifacts.demand_store()
    change = Change()
    steps.step(change, seen, seen.standing.without(target))
    change.commit()
    artifacts.discard(row.artifact)


def demand_valid_ident(ident: PackageIdent) -> None:
    """Check 1 of an upload, before authentication (packages.md section 7). Raises IdentInvalid."""
    if not is_package_name(ident.name) or not is_storable(ident):
        raise IdentInvalid(f"Invalid or not fully qualified package identifier '{ident}'")


def wanted_visibility(ident: PackageIdent, text: str) -> Visibility:
    """The checks that come before authentication (packages.md 8.2). Raises IdentInvalid, VisibilityRefused."""
    if not is_package_name(ident.name):
        raise IdentInvalid(f"Invalid package identifier '{ident}'")
    try:
        return Visibility.parse(text)
    except VisibilityUnknown as problem:
        raise VisibilityRefused(f"Invalid package visibility '{text}'") from problem


def set_visibility(ident: PackageIdent, visibility: Visibility) -> None:
    """Set it on all targets of an ident, together if one transaction holds them (packages.md 8.2).

    Targets that are in many channels change one after the other; a repeat completes what was interrupted. Raises
    VisibilityRefused for `hidden`.
    """
    if visibility is Visibility.HIDDEN:
        raise VisibilityRefused("Not allowed to set packages to 'hidden'")
    show_as(ident, visibility)


def show_as(ident: PackageIdent, visibility: Visibility) -> None:
    """Give all targets of an ident any visibility; `hidden` comes from our own paths only (docs/OPERATING.md)."""
    for target in again_when_stale(partial(_set_visibility, ident, tuple(Target), visibility)):
        again_when_stale(partial(_set_visibility, ident, (target,), visibility))


def _set_visibility(ident: PackageIdent, targets: Collection[Target], visibility: Visibility) -> list[Target]:
    """Gives the targets that did not change, because they are too much for one transaction."""
    seen = Observed.from_rows(ident, read_many(steps.keys_of(ident)))
    after = seen.standing.seen_as(visibility, targets)
    if after == seen.standing:
        return []
    change = Change()
    steps.step(change, seen, after)
    if len(change) > TRANSACTION_LIMIT:
        return sorted(after.places)
    change.commit()
    return []
