"""Deleting one package (packages.md 8.1)."""

from collections.abc import Collection
from functools import partial

from msgspec import Struct

from chalicelib.catalog import audit_rows, fences, package_rows, steps
from chalicelib.catalog.channel_rows import STABLE
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.steps import Observed
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.packages import artifacts, dependents, hints
from chalicelib.packages.errors import DeletionRefused
from chalicelib.platform.change import Change
from chalicelib.platform.table import read_many


class Override(Struct, frozen=True):
    """A deletion although other packages depend on the name, and how many dependents the account was shown."""

    dependents: int


def delete(ident: PackageIdent, target: Target, by: Session, override: Override | None = None) -> None:
    """Delete a package with its memberships and its object. Its settings and events remain.

    All rows are deleted in one transaction, then the object. If the object cannot be deleted, no row refers to it and
    the sweep deletes it later. An override skips the check of dependents and is recorded in the origin's audit. Raises
    DeletionRefused, ReleaseMissing and ObjectStoreFailed (nothing was deleted).
    """
    fences.protected(ident.origin, by.permission, partial(_delete, ident, target, by, override))


def demand_not_stable(ident: PackageIdent, channels: Collection[str]) -> None:
    """Raise DeletionRefused for a package in the channel `stable`."""
    if STABLE in channels:
        raise DeletionRefused.in_stable(ident)


def _delete(ident: PackageIdent, target: Target, by: Session, override: Override | None, fence: Fence) -> None:
    key = package_rows.package_key(ident, target)
    found = read_many([*steps.keys_of(ident), key])
    observed, row = Observed.from_rows(ident, found), found.get(key)
    placement = observed.standing.placements.get(target)
    if placement is not None:
        demand_not_stable(ident, placement.channels)
    if override is None and next(dependents.of(ident.origin, ident.name, target), None) is not None:
        raise DeletionRefused.needed(ident)
    if row is None or placement is None:
        raise ReleaseMissing
    artifacts.demand_store()
    with Change() as change:
        fence.check(change, by.permission)
        steps.step(change, observed, observed.standing.without(target))
        if override is not None:
            subject = f"{ident} {target} dependents: {override.dependents}"
            action = audit_rows.AuditAction.PACKAGE_DELETE_DESPITE_DEPENDENTS
            audit_rows.record(change, action, by, origin=ident.origin, target=subject)
    hints.remove_of_deleted(row, ident, target)
    artifacts.discard(row.artifact)
