"""Lists of an origin's idents, names, versions and settings (packages.md 5.1-5.3).

The lists of a whole origin are counted lists (`catalog/lists.py`). A name and a version have rows with their counts.
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from msgspec import Struct

from chalicelib.catalog import list_pages, list_rows, lists, package_rows
from chalicelib.catalog.lists import Part
from chalicelib.catalog.package_rows import IdentRow, NameRow, SettingsRow, VersionRow
from chalicelib.core.standing import Standing, channels_of
from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.packages.shapes import ListedPackage, ListedVersion
from chalicelib.platform.table import Key, rows

DEEP = 200
"""Pages of a name or version after this many rows are found by the index of the origin's idents."""


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
        if self.version is None:
            return package_rows.name_key(self.origin, self.name or "")
        return package_rows.version_count_key(self.origin, self.name or "", self.version)


def idents(level: Level, offset: int, size: int, caller: Caller) -> tuple[Iterable[ListedPackage], int]:
    """Return a page of idents, descending by bytes, and the total. The targets of an ident share one row.

    The rows are read while the caller iterates over them. Makes two calls below a name, three for a whole origin, and
    four for a deep page below a name; one more for callers who do not see all rows that are read.
    """
    counts: NameRow | VersionRow | None = None
    part: Part | None
    if level.name is None:
        part, member = _counted(level.origin, list_rows.IDENTS, caller)
        total = part.total(member)
    else:
        counts = caller.read_with(level.counts_key).get(level.counts_key)
        member = caller.role_in(level.origin) is not None
        total = _visible_idents(counts, member)
        is_deep = DEEP < offset < total
        part = lists.counted_alone(level.origin, list_rows.IDENTS).part(level.prefix) if is_deep else None
    if total <= offset:
        return [], total
    page = list_pages.page(
        IdentRow,
        package_rows.idents_partition(level.origin),
        part,
        offset,
        size,
        member=member,
        where=None if member else IdentRow.public == True,  # noqa: E712 - PynamoDB makes a condition of it
        prefix=level.prefix,
        descending=True,
        counts=(_visible_idents(counts, member=True), total),
    )
    return (_listed(level.origin, row, member) for row in page), total


def names(level: Level, offset: int, size: int, caller: Caller) -> tuple[list[ListedPackage], int]:
    """Return a page of the names that have idents, ascending by bytes, and the total."""
    if level.name is not None:
        counts = caller.read_with(level.counts_key).get(level.counts_key)
        member = caller.role_in(level.origin) is not None
        listed = [_listed_name(level.origin, level.name)] if _visible_idents(counts, member) else []
        return listed[offset : offset + size], len(listed)
    part, member = _counted(level.origin, list_rows.NAMES, caller)
    where = NameRow.idents > 0 if member else NameRow.public_idents > 0
    partition = package_rows.names_partition(level.origin)
    page = list_pages.page(NameRow, partition, part, offset, size, member=member, where=where)
    return [_listed_name(level.origin, row.sk) for row in page], part.total(member)


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
    part, member = _counted(origin, list_rows.SETTINGS, caller)
    where = None if member else SettingsRow.visibility == str(Visibility.PUBLIC)
    partition = package_rows.settings_partition(origin)
    page = list_pages.page(SettingsRow, partition, part, offset, size, member=member, where=where)
    return list(page), part.total(member)


def _counted(origin: str, name: str, caller: Caller) -> tuple[Part, bool]:
    """Return a list of an origin, and whether the caller is a member. Two calls, which also read the caller's rows."""
    log, key = lists.log_of(origin), lists.index_key(origin, name)
    index = caller.read_with(key).get(key)
    return lists.counted(log, name, index).whole, caller.role_in(origin) is not None


def _visible_idents(counts: NameRow | VersionRow | None, member: bool) -> int:
    if counts is None:
        return 0
    return int(counts.idents if member else counts.public_idents)


def _listed(origin: str, row: IdentRow, member: bool) -> ListedPackage:
    placements = Standing.parse(row.standing).visible_to(member)
    platforms = sorted(str(target) for target in placements)
    return ListedPackage(origin, *row.parts, channels_of(placements.values()), platforms)


def _listed_name(origin: str, name: str) -> ListedPackage:
    return ListedPackage(origin, name, None, None, [], [])


def _listed_version(
    origin: str, name: str, version: str, visibility: Visibility, packages: list[tuple[str, Target]]
) -> ListedVersion:
    latest = max(release for release, _ in packages)
    platforms = sorted({str(target) for _, target in packages})
    return ListedVersion(origin, name, version, str(len(packages)), latest, platforms, str(visibility))
