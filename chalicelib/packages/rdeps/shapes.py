"""Shapes of reverse dependencies over HTTP (builds.md 7.1, 7.2)."""

from msgspec import Struct


class RdepsQuery(Struct):
    """The target of the packages. Names that only packages for other targets need are left out."""

    target: str | None = None


class Rdeps(Struct):
    """The names (`origin/name`, ascending) that need a name directly or indirectly."""

    origin: str
    name: str
    rdeps: list[str]


class RdepsGroup(Struct):
    """Names that can be built at the same time, once all earlier groups are built. Groups count from 0."""

    group: int
    idents: list[str]


class GroupedRdeps(Struct):
    """The names that need a name directly or indirectly, in groups. A group may be empty for this caller."""

    origin: str
    name: str
    rdeps: list[RdepsGroup]
