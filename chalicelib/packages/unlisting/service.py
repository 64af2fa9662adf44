"""Unlisting: a release that only members see, and that everybody who knows its ident may still download.

That is the visibility `hidden` of the contract, which its own operations do not set (packages.md 1.1, 8.2).
"""

from chalicelib.catalog import package_rows
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.core.ident import PackageIdent
from chalicelib.core.visibility import Visibility
from chalicelib.packages import changes
from chalicelib.platform.table import read


def unlist(ident: PackageIdent) -> None:
    """Leave a release out of lists, search and `latest` for all but members. Raises ReleaseMissing. May be repeated."""
    _demand(ident)
    changes.show_as(ident, Visibility.HIDDEN)


def list_again(ident: PackageIdent) -> None:
    """Show a release as its package settings say, as a new upload would be. Raises ReleaseMissing. May be repeated."""
    _demand(ident)
    settings = read(package_rows.settings_key(ident.origin, ident.name))
    changes.show_as(ident, Visibility.PUBLIC if settings is None else Visibility(settings.visibility))


def _demand(ident: PackageIdent) -> None:
    if package_rows.standing_of(ident) is None:
        raise ReleaseMissing
