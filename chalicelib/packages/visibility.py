"""Changing the visibility of an ident on all its targets (packages.md 8.2)."""

from collections.abc import Collection
from functools import partial

from chalicelib.catalog import fences, steps
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.steps import Observed
from chalicelib.core.ident import PackageIdent, is_package_name
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility, VisibilityUnknown
from chalicelib.packages.errors import IdentInvalid, VisibilityRefused
from chalicelib.platform.change import TRANSACTION_LIMIT, Change
from chalicelib.platform.table import read_many


def parse_request(ident: PackageIdent, text: str) -> Visibility:
    """Return the visibility that a path names. These checks are made before authentication.

    Raises IdentInvalid, VisibilityRefused.
    """
    if not is_package_name(ident.name):
        raise IdentInvalid(f"Invalid package identifier '{ident}'")
    try:
        return Visibility.parse(text)
    except VisibilityUnknown as problem:
        raise VisibilityRefused(f"Invalid package visibility '{text}'") from problem


def set_visibility(ident: PackageIdent, visibility: Visibility, by: Session) -> None:
    """Set the visibility of an ident on all its targets, as a client may. Raises VisibilityRefused for `hidden`."""
    if visibility is Visibility.HIDDEN:
        raise VisibilityRefused("Not allowed to set packages to 'hidden'")
    set_any_visibility(ident, visibility, by)


def set_any_visibility(ident: PackageIdent, visibility: Visibility, by: Session) -> None:
    """Set any visibility on all targets of an ident. Only unlisting sets `hidden` (docs/ORIGINS.md).

    All targets change in one transaction if their rows fit, otherwise one target after the other. Repeating the call
    completes an interrupted change. Does nothing if the ident does not exist.
    """

    def change(targets: Collection[Target]) -> list[Target]:
        return fences.protected(ident.origin, by.permission, partial(_change, ident, targets, visibility, by))

    for target in change(tuple(Target)):
        change((target,))


def _change(
    ident: PackageIdent, targets: Collection[Target], visibility: Visibility, by: Session, fence: Fence
) -> list[Target]:
    """Change the targets in one transaction. If it is too large, change nothing and return the ident's targets."""
    observed = Observed.from_rows(ident, read_many(steps.keys_of(ident)))
    after = observed.standing.with_visibility(visibility, targets)
    if after == observed.standing:
        return []
    change = Change()
    fence.check(change, by.permission)
    steps.step(change, observed, after)
    if len(change) > TRANSACTION_LIMIT:
        return sorted(after.placements)
    change.commit()
    return []
