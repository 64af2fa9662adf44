"""Deletion of a package with a plan that shows its dependents, and despite them if the request says so.

The contract refuses to delete a package while any package of any origin depends on its name (packages.md 8.1). So any
account could keep an origin from deleting its own packages. Therefore the administrators of the origin may delete them
despite the dependents.
"""

from msgspec import Struct

from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.identity.caller import Caller
from chalicelib.packages import deletion, dependents, reads
from chalicelib.packages.deletion import Override
from chalicelib.packages.dependents import Dependents


class Deletion(Struct, frozen=True):
    """A package to delete. `despite_dependents` deletes it although others depend on its name."""

    ident: PackageIdent
    target: Target
    despite_dependents: bool = False


class Plan(Struct, frozen=True):
    """What depends on the name of a package, whether the package can be deleted, and whether it was."""

    dependents: Dependents
    is_possible: bool
    deleted: bool = False


def apply(requested: Deletion, caller: Caller, dry_run: bool) -> Plan:
    """Delete a package and return the plan; with `dry_run`, or if the plan is not possible, only return the plan.

    Raises DeletionRefused for a package in `stable`, ReleaseMissing, ObjectStoreFailed (nothing was deleted). After a
    deletion, a repeat raises ReleaseMissing.
    """
    ident, target = requested.ident, requested.target
    package = reads.stored(ident, target)
    if package is None:
        raise ReleaseMissing
    deletion.demand_not_stable(ident, package.channels)
    found = dependents.seen_by(caller.may_see, ident.origin, ident.name, target)
    is_possible = requested.despite_dependents or not found
    if dry_run or not is_possible:
        return Plan(found, is_possible)
    override = Override(len(found)) if requested.despite_dependents else None
    deletion.delete(ident, target, caller.require_session(), override)
    return Plan(found, is_possible, deleted=True)
