"""Rows of deprecations, by origin."""

from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition


class DeprecationRow(Row):
    """The deprecation of a name, a version or a release. `by` is the name of the account that set it."""

    message = UnicodeAttribute()
    replacement = UnicodeAttribute(null=True)
    by = UnicodeAttribute()
    at = UnicodeAttribute()


def deprecations_partition(origin: str) -> str:
    """Partition of the deprecations of an origin."""
    return partition("DEPRECATIONS", origin)


def deprecation_key(origin: str, path: str) -> Key[DeprecationRow]:
    """Key of the deprecation of `name`, `name/version` or `name/version/release`."""
    return Key(DeprecationRow, deprecations_partition(origin), path)
