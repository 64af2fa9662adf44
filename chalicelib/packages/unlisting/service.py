"""Unlisting gives a release the visibility `hidden`, which no operation of the contract sets (packages.md 1.1, 8.2).

Only members of the origin see a hidden release. Anyone who knows its ident can download it.
"""

from chalicelib.catalog import name_rows, package_rows
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.visibility import Visibility
from chalicelib.packages import visibility
from chalicelib.platform.table import read


def unlist(ident: PackageIdent, by: Session) -> None:
    """Hide a release from lists, search and `latest` for all but members. Idempotent. Raises ReleaseMissing."""
    _demand_exists(ident)
    visibility.set_any_visibility(ident, Visibility.HIDDEN, by)


def list_again(ident: PackageIdent, by: Session) -> None:
    """Give a release the visibility that a new upload of its name would get. Idempotent. Raises ReleaseMissing."""
    _demand_exists(ident)
    settings = read(name_rows.settings_key(ident.origin, ident.name))
    of_new_upload = Visibility.PUBLIC if settings is None else Visibility(settings.visibility)
    visibility.set_any_visibility(ident, of_new_upload, by)


def _demand_exists(ident: PackageIdent) -> None:
    if package_rows.standing_of(ident) is None:
        raise ReleaseMissing
