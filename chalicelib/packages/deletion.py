"""Deleting one package (packages.md 8.1)."""

from functools import partial

from chalicelib.catalog import package_rows, steps
from chalicelib.catalog.channel_rows import STABLE
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.steps import Observed
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.packages import artifacts, dependents, hints
from chalicelib.packages.errors import DeletionRefused
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.table import read_many


def delete(ident: PackageIdent, target: Target) -> None:
    """Delete a package with its memberships and its object. Its settings and events remain.

    All rows are deleted in one transaction, then the object. If the object cannot be deleted, no row refers to it and
    the sweep deletes it later. Raises DeletionRefused, ReleaseMissing and ObjectStoreFailed (nothing was deleted).
    """
    retry_when_stale(partial(_delete, ident, target))


def _delete(ident: PackageIdent, target: Target) -> None:
    key = package_rows.package_key(ident, target)
    found = read_many([*steps.keys_of(ident), key])
    observed, row = Observed.from_rows(ident, found), found.get(key)
    placement = observed.standing.placements.get(target)
    if placement is not None and STABLE in placement.channels:
        raise DeletionRefused.in_stable(ident)
    if next(dependents.of(ident.origin, ident.name, target), None) is not None:
        raise DeletionRefused.needed(ident)
    if row is None or placement is None:
        raise ReleaseMissing
    artifacts.demand_store()
    with Change() as change:
        steps.step(change, observed, observed.standing.without(target))
    hints.remove_of_deleted(row, ident, target)
    artifacts.discard(row.artifact)
