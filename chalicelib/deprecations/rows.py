"""Rows of deprecations, by origin."""

from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.table import Key, Row, partition


class DeprecationRow(Row):
    """Why a name, a version or a release should not be used any more, and what to use instead."""

    message = UnicodeAttribute()
    replacement = UnicodeAttribute(null=True)
    by = UnicodeAttribute()
    at = UnicodeAttribute()


def deprecations_partition(origin: str) -> str:
    """Where the deprecations of an origin stand."""
    return partition("DEPRECATIONS", origin)


def deprecation_key(origin: str, place: str) -> Key[DeprecationRow]:
    """Where the deprecation of `name`, `name/version` or `name/version/release` stands."""
    return Key(DeprecationRow, deprecations_partition(origin), place)
