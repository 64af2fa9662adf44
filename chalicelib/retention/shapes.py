"""Shapes of retention policies over HTTP (docs/ORIGINS.md)."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.core.ident import PackageIdent


class NewPolicy(Struct, forbid_unknown_fields=True):
    """A retention policy to set or to try; without `keep_per_channel`, `keep_per_name` applies to channels too."""

    keep_per_name: int
    older_than_days: int
    keep_per_channel: int | None = None
    channels: list[str] = []


class LastPass(Struct):
    """The last pass over the origin; `next_after` is the name after which an unfinished pass continues."""

    begun_at: str | None
    finished_at: str | None
    removed: int
    next_after: str | None


class Policy(Struct):
    """The retention policy in force and its last pass."""

    origin: str
    keep_per_name: int
    keep_per_channel: int
    older_than_days: int
    channels: list[str]
    set_by: str
    set_at: str
    last_pass: LastPass


class RunQuery(Struct):
    """With `dry_run`, nothing is removed; with `after`, the run starts after that package name."""

    dry_run: bool = False
    after: str = ""


class RemovedPackage(Struct):
    """A package that the policy removes."""

    ident: PackageIdent
    target: str


class KeptPackage(Struct):
    """A package that stays, with the reason.

    `detail` is the channel that keeps it, or the release that needs it. A release that the caller may not see is not
    named: `1 package that you may not see`.
    """

    ident: PackageIdent
    target: str
    reason: str
    detail: str


class Report(Struct):
    """What a run removed and kept; `next_after` continues an incomplete run."""

    dry_run: bool
    removed: list[RemovedPackage]
    kept: list[KeptPackage]
    complete: bool
    next_after: str | None
