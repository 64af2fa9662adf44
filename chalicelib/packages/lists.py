"""Lists of an origin's idents, names, versions and settings (packages.md 5.1-5.3)."""

from collections.abc import Iterable
from itertools import islice
from operator import itemgetter
from typing import Any

from msgspec import Struct

from chalicelib.catalog import package_rows
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.catalog.package_rows import IdentRow, NameRow, SettingsRow, VersionRow
from chalicelib.core.standing import Standing, channels_of
from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.packages.shapes import ListedPackage, ListedVersion
from chalicelib.platform.attributes import Condition
from chalicelib.platform.table import Key, R, page_for, position_of, rows

DEEP = 500
"""Pages after this many rows are found by counts. For earlier pages, reading all rows before them is cheaper."""

DEEP_FILTERED = 5_000
"""The same for rows that pass a filter: the table counts these by the megabyte."""

AFTER_SLASH = "0"
"""The character after the slash: all idents that begin with `name/` sort before `name0`, and no others in between."""

IdentCounts = OriginCountRow | NameRow | VersionRow


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
        """Key of the row that counts its idents."""
        if self.name is None:
            return origin_count_key(self.origin)
        if self.version is None:
            return package_rows.name_key(self.origin, self.name)
        return package_rows.version_count_key(self.origin, self.name, self.version)

    def parts(self) -> list[tuple[str, IdentCounts]]:
        """Return the next path segments below this level with their counts, in the order of the lists.

        Each segment is the beginning of its idents' sort keys and ends with the slash, because the order of idents
        depends on it: `tool-x/` sorts before `tool/`.
        """
        segments: Iterable[NameRow | VersionRow] = ()
        if self.name is None:
            segments = rows(NameRow, package_rows.names_partition(self.origin))
        elif self.version is None:
            segments = rows(VersionRow, package_rows.version_counts_partition(self.origin, self.name))
        return sorted(((f"{self.prefix}{row.sk}/", row) for row in segments), key=itemgetter(0), reverse=True)


def idents(level: Level, offset: int, size: int, caller: Caller) -> tuple[Iterable[ListedPackage], int]:
    """Return a page of idents, descending by bytes, and the total. The targets of an ident share one row.

    The rows are read while the caller iterates over them.

    Makes two calls: one for the counts and the caller's rows, one for the rows of the page. A deep page takes one more,
    which skips whole names or versions by their counts. For callers who are not members, the page is filtered on the
    server (whatever was counted: a private package may be uploaded between the two calls) and may take further calls.
    """
    counts = caller.read_with(level.counts_key).get(level.counts_key)
    member = caller.role_in(level.origin) is not None
    total = visible_idents(counts, member)
    if counts is None or total <= offset:
        return [], total
    after, skipped = _start_of_deep_page(level, offset, member) if offset > DEEP else (None, 0)
    end = offset - skipped + size
    page = rows(
        IdentRow,
        package_rows.idents_partition(level.origin),
        begins=level.prefix,
        newest_first=True,
        where=None if member else IdentRow.public == True,  # noqa: E712 - PynamoDB makes a condition of it
        page=page_for(end, int(counts.idents), total),
        after=after,
    )
    return (_listed(level.origin, row, member) for row in islice(page, offset - skipped, end)), total


def names(level: Level, offset: int, size: int, caller: Caller) -> tuple[list[ListedPackage], int]:
    """Return a page of the names that have idents, ascending by bytes, and the total."""
    counts = caller.read_with(level.counts_key).get(level.counts_key)
    member = caller.role_in(level.origin) is not None
    if level.name is not None:
        listed = [_listed_name(level.origin, level.name)] if visible_idents(counts, member) else []
        return listed[offset : offset + size], len(listed)
    if counts is None:
        return [], 0
    total = int(counts.names if member else counts.public_names)
    if total <= offset:
        return [], total
    where = NameRow.idents > 0 if member else NameRow.public_idents > 0
    page = _page(NameRow, package_rows.names_partition(level.origin), offset, size, where, int(counts.names), total)
    return [_listed_name(level.origin, row.sk) for row in page], total


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
    counts = caller.read_with(origin_count_key(origin)).get(origin_count_key(origin))
    member = caller.role_in(origin) is not None
    if counts is None:
        return [], 0
    total = int(counts.settings if member else counts.public_settings)
    if total <= offset:
        return [], total
    where = None if member else SettingsRow.visibility == str(Visibility.PUBLIC)
    page = _page(SettingsRow, package_rows.settings_partition(origin), offset, size, where, int(counts.settings), total)
    return page, total


def visible_idents(counts: IdentCounts | None, member: bool) -> int:
    """Return the number of idents that a member of the origin, or another caller, may see."""
    if counts is None:
        return 0
    return int(counts.idents if member else counts.public_idents)


def _page(
    kind: type[R], pk: str, offset: int, size: int, where: Condition | None, everything: int, passing: int
) -> list[R]:
    """Return a page of the rows of a partition that pass a filter, in ascending order.

    `everything` and `passing` are the numbers of all rows and of those that pass. The table counts the rows before a
    deep page, which takes one more call.
    """
    deep = DEEP if where is None else DEEP_FILTERED
    after, skipped = position_of(pk, offset, where=where) if offset > deep else (None, offset)
    end = skipped + size
    return list(islice(rows(kind, pk, where=where, page=page_for(end, everything, passing), after=after), skipped, end))


def _start_of_deep_page(level: Level, offset: int, member: bool) -> tuple[str | None, int]:
    """Return the sort key to read after, and the number of idents before it.

    Reads the small rows that count the idents of each segment, and skips whole segments.
    """
    skipped = 0
    for segment, counts in level.parts():
        inside = visible_idents(counts, member)
        if skipped + inside > offset:
            return segment[:-1] + AFTER_SLASH, skipped
        skipped += inside
    return None, 0


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
