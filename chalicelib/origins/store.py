"""Rows of an origin itself; its members, keys and secrets have modules of their own in this folder."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.platform.table import Key, Row, partition


class OriginRow(Row):
    """An origin. The owner's name stands beside the id, because account names never change."""

    owner_id = NumberAttribute()
    owner_name = UnicodeAttribute()
    default_package_visibility = UnicodeAttribute()
    created_at = UnicodeAttribute()


class OriginCountRow(Row):
    """What an origin holds, kept in the transactions that change it, so that lists know their total without counting.

    Idents and names are counted as lists show them: all, and those with something public.
    """

    packages = NumberAttribute(default=0)
    idents = NumberAttribute(default=0)
    public_idents = NumberAttribute(default=0)
    names = NumberAttribute(default=0)
    public_names = NumberAttribute(default=0)
    settings = NumberAttribute(default=0)
    public_settings = NumberAttribute(default=0)


def origin_key(origin: str) -> Key[OriginRow]:
    """Where an origin stands."""
    return Key(OriginRow, partition("ORIGIN", origin), "ORIGIN")


def origin_count_key(origin: str) -> Key[OriginCountRow]:
    """Where an origin's counts stand."""
    return Key(OriginCountRow, partition("ORIGIN", origin), "COUNTS")
