"""Rows that allow one active and one queued group for a root and a target (builds.md 8.3)."""

from chalicelib.core.target import Target
from chalicelib.platform.attributes import NumberAttribute
from chalicelib.platform.row import Key, Row, partition


class GuardRow(Row):
    """The group that is queued, or active, for a root and a target. There is at most one of each."""

    group_id = NumberAttribute()


def queued_key(root: str, target: Target) -> Key[GuardRow]:
    """Key of the guard of the queued group of a root and a target."""
    return Key(GuardRow, partition("GROUP-GUARD", root, target), "QUEUED")


def active_key(root: str, target: Target) -> Key[GuardRow]:
    """Key of the guard of the active group of a root and a target."""
    return Key(GuardRow, partition("GROUP-GUARD", root, target), "ACTIVE")
