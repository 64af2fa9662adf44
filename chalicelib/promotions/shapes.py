"""Shapes of package sets over HTTP (docs/ORIGINS.md)."""

from msgspec import Struct

from chalicelib.core.ident import PackageIdent


class NamedPackage(Struct):
    """A package of a set; without a target, the ident on all of its targets."""

    ident: str
    target: str | None = None


class PackageSet(Struct):
    """Packages to move. With `from_channel`, all must be in that channel; with `dry_run`, only the plan is returned."""

    channel: str
    idents: list[str | NamedPackage]
    from_channel: str | None = None
    dry_run: bool = False


class PlannedPackage(Struct):
    """What happens to one package of a set."""

    ident: PackageIdent
    target: str | None
    outcome: str


class SetPlan(Struct):
    """The plan of a set: whether it is possible, whether it was applied, and the id that its events share."""

    operation: str
    channel: str
    from_channel: str | None
    possible: bool
    applied: bool
    group: str | None
    counts: dict[str, int]
    packages: list[PlannedPackage]
