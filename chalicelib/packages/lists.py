"""Lists of an origin's idents, names, versions and settings (packages.md 5.1-5.3).

The lists of a whole origin are counted lists (`catalog/lists/`). A name and a version have rows with their counts.
"""

from collections.abc import Iterable
from itertools import islice
from operator import itemgetter
from typing import Any

from msgspec import Struct

from chalicelib.catalog import name_rows, package_rows
from chalicelib.catalog.lists import counted_lists, list_pages, list_rows
from chalicelib.catalog.lists.listed_rows import listed_rows
from chalicelib.catalog.name_rows import SettingsRow, visible_idents
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.deferred import deferred
from chalicelib.core.standing import Standing, listed_as
from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.packages.shapes import ListedPackage, ListedVersion
from chalicelib.platform.row import Key
from chalicelib.platform.table import page_for, rows

with deferred():
    from chalicelib.catalog.lists import list_folding

DEEP = 200
"""Pages of a name or version after this many rows are found by the index of the origin's idents, and so are all its
pages for callers who do not see that many."""


class Level(Struct, frozen=True):
    """The part of an origin that is listed: all of it, a name, or a version of a name."""

    origin: str
    name: str | None = None
    version: str | None = None

    @property
    def prefix(self) -> str:
        """The beginning of the sort keys of its idents."""
        return "".join(f"{part}/" for part in (self.name, self.version) if part is not None)

    @property
    def counts_key(self) -> Key[Any]:
        """Key of the row that counts the idents of a name or a version."""
        return name_rows.counts_key(self.origin, self.name or "", self.version)


def idents(level: Level, offset: int, size: int, caller: Caller) -> tuple[Iterable[ListedPackage], int]:
    """Return a page of idents, descending by bytes, and the total. The targets of an ident share one row.

    Makes two calls below a name, three for a whole origin, and four for a deep page below a name; possibly more for
    callers who do not see all rows that are read.
    """
    found: Iterable[IdentRow]
    if level.name is None:
        found, total, member = _page(level.origin, list_rows.IDENTS, offset, size, caller, descending=True)
    else:
        found, total, member = _below_name(level, offset, size, caller)
    return (_listed(level.origin, row, member) for row in found), total


def _below_name(level: Level, offset: int, size: int, caller: Caller) -> tuple[Iterable[IdentRow], int, bool]:
    """Return a page of the idents below a name or version, the total, and whether the caller is a member."""
    counts = caller.read_with(level.counts_key).get(level.counts_key)
    member = caller.role_in(level.origin) is not None
    total = visible_idents(counts, member)
    if total <= offset:
        return [], total, member
    stored = listed_rows(level.origin, list_rows.IDENTS)
    if offset > DEEP or visible_idents(counts, member=True) - total > DEEP:
        counted = counted_lists.counted_alone(level.origin, list_rows.IDENTS)
        page, _ = list_pages.page(stored, counted, level.prefix, offset, size, member=member, descending=True)
        return page, total, member
    found = rows(
        IdentRow,
        stored.pk,
        begins=level.prefix,
        newest_first=True,
        where=None if member else stored.public,
        page=page_for(offset + size, visible_idents(counts, member=True), total),
    )
    return islice(found, offset, offset + size), total, member


def names(level: Level, offset: int, size: int, caller: Caller) -> tuple[list[ListedPackage], int]:
    """Return a page of the names that have idents, ascending by bytes, and the total."""
    if level.name is not None:
        counts = caller.read_with(level.counts_key).get(level.counts_key)
        member = caller.role_in(level.origin) is not None
        listed = [_listed_name(level.origin, level.name)] if visible_idents(counts, member) else []
        return listed[offset : offset + size], len(listed)
    found, total, _ = _page(level.origin, list_rows.NAMES, offset, size, caller)
    return [_listed_name(level.origin, row.sk) for row in found], total


def versions(origin: str, name: str, member: bool) -> list[ListedVersion]:
    """Return the versions of a name by visibility, newest first. Versions without a digit are left out."""
    releases: dict[tuple[str, Visibility], list[tuple[str, Target]]] = {}
    for row in rows(IdentRow, package_rows.idents_partition(origin), begins=f"{name}/"):
        row_name, version, release = row.parts
        if row_name != name:  # a slash in the requested name reaches into the versions of another one
            continue
        for target, placement in Standing.parse(row.standing).visible_to(member).items():
            releases.setdefault((version, placement.visibility), []).append((release, target))
    listed = [
        (order, _listed_version(origin, name, version, visibility, packages))
        for (version, visibility), packages in releases.items()
        if (order := version_key(version)) is not None
    ]
    return [entry for _, entry in sorted(listed, key=itemgetter(0), reverse=True)]


def settings(origin: str, offset: int, size: int, caller: Caller) -> tuple[list[SettingsRow], int]:
    """Return a page of an origin's package settings by name, and the total."""
    found, total, _ = _page(origin, list_rows.SETTINGS, offset, size, caller)
    return found, total


def _page(
    origin: str, name: str, offset: int, size: int, caller: Caller, descending: bool = False
) -> tuple[list[Any], int, bool]:
    """Return a page of a list of an origin, the total, and whether the caller is a member.

    Three calls, which also read the caller's rows.
    """
    log, key = counted_lists.log_of(origin), counted_lists.index_key(origin, name)
    index = caller.read_with(key).get(key)
    member = caller.role_in(origin) is not None
    counted = counted_lists.counted(log, name, index)
    stored = listed_rows(origin, name)
    found, total = list_pages.page(stored, counted, "", offset, size, member=member, descending=descending)
    list_folding.fold_if_long(log)
    return found, total, member


def _listed(origin: str, row: IdentRow, member: bool) -> ListedPackage:
    shown = listed_as(row.standing, member)
    return ListedPackage(origin, *row.parts, shown.channels, shown.targets)


def _listed_name(origin: str, name: str) -> ListedPackage:
    return ListedPackage(origin, name, None, None, [], [])


def _listed_version(
    origin: str, name: str, version: str, visibility: Visibility, packages: list[tuple[str, Target]]
) -> ListedVersion:
    latest = max(release for release, _ in packages)
    platforms = sorted({str(target) for _, target in packages})
    return ListedVersion(origin, name, version, str(len(packages)), latest, platforms, str(visibility))
