"""Lists of what an origin has: idents, names, versions and settings (packages.md 5.1-5.3)."""

from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import Struct

from chalicelib.catalog import package_rows
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.catalog.package_rows import IdentRow, NameRow, SettingsRow, VersionRow
from chalicelib.core.standing import Standing, channels_of
from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.platform.table import Key, page_for, rows

DEEP = 500
"""Pages that begin behind so many idents are found by counts; before that, reading costs less."""

AFTER_SLASH = "0"
"""The character behind the slash: no ident stands between what begins with `name/` and `name0`."""

IdentCounts = OriginCountRow | NameRow | VersionRow


class Listed(NamedTuple):
    """An ident of a list, with its channels and targets; a name of a distinct list has nothing else."""

    origin: str
    name: str
    version: str | None
    release: str | None
    channels: list[str]
    platforms: list[str]


class ListedVersion(NamedTuple):
    """A version with its releases under one visibility."""

    origin: str
    name: str
    version: str
    release_count: int
    latest: str
    platforms: list[str]
    visibility: Visibility


class Below(Struct, frozen=True):
    """What is listed: an origin, a name, or a version of it."""

    origin: str
    name: str | None = None
    version: str | None = None

    @property
    def prefix(self) -> str:
        """The beginning of its idents in text order."""
        parts = [part for part in (self.name, self.version) if part is not None]
        return "".join(part + "/" for part in parts)

    @property
    def counts_key(self) -> Key[Any]:
        """The row that knows how many idents it has."""
        if self.name is None:
            return origin_count_key(self.origin)
        if self.version is None:
            return package_rows.name_key(self.origin, self.name)
        return package_rows.version_count_key(self.origin, self.name, self.version)

    def parts(self) -> list[tuple[str, IdentCounts]]:
        """What its idents go on with, a name or a version, and how many do; in the order of idents, none for a version.

        A slash ends each part, because it does so in idents: `tool-x/` stands before `tool/`.
        """
        if self.name is None:
            rows_of_names = rows(NameRow, package_rows.names_partition(self.origin))
            return sorted(((f"{row.sk}/", row) for row in rows_of_names), key=itemgetter(0), reverse=True)
        if self.version is None:
            rows_of_versions = rows(VersionRow, package_rows.version_counts_partition(self.origin, self.name))
            return sorted(
                ((f"{self.prefix}{row.sk}/", row) for row in rows_of_versions), key=itemgetter(0), reverse=True
            )
        return []


def idents(below: Below, offset: int, size: int | None, caller: Caller) -> tuple[list[Listed], int]:
    """A page of idents, targets merged, descending by the bytes of the ident, and how many there are in all.

    Two calls: the count with the caller's own rows, and the slim rows of the page. A deep page takes one more, to pass
    over names or versions by their counts. Where some are private, who sees only the others reads on past them.
    """
    counts = caller.read_with(below.counts_key).get(below.counts_key)
    member = caller.role_in(below.origin) is not None
    total = seen_by(counts, member)
    if counts is None or total <= offset:
        return [], total
    after, passed = _start_of_deep_page(below, offset, member) if offset > DEEP else (None, 0)
    end = None if size is None else offset - passed + size
    found = rows(
        IdentRow,
        package_rows.idents_partition(below.origin),
        begins=below.prefix,
        newest_first=True,
        where=IdentRow.public == True if total < counts.idents else None,  # noqa: E712 - PynamoDB makes a condition of it
        page=page_for(end, int(counts.idents), total),
        after=after,
    )
    return [_listed(below.origin, row, member) for row in islice(found, offset - passed, end)], total


def names(below: Below, offset: int, size: int | None, caller: Caller) -> tuple[list[Listed], int]:
    """A page of names that have idents, ascending, and how many there are in all (packages.md 5.1, distinct)."""
    counts = caller.read_with(below.counts_key).get(below.counts_key)
    member = caller.role_in(below.origin) is not None
    if below.name is not None:
        there = [Listed(below.origin, below.name, None, None, [], [])] if seen_by(counts, member) else []
        return there[offset : None if size is None else offset + size], len(there)
    if counts is None:
        return [], 0
    total = int(counts.names if member else counts.public_names)
    if total <= offset:
        return [], total
    shown = NameRow.idents > 0 if member else NameRow.public_idents > 0
    end = None if size is None else offset + size
    page = page_for(end, int(counts.names), total)
    wanted = islice(rows(NameRow, package_rows.names_partition(below.origin), where=shown, page=page), offset, end)
    return [Listed(below.origin, row.sk, None, None, [], []) for row in wanted], total


def versions(origin: str, name: str, member: bool) -> list[ListedVersion]:
    """The versions of a name by visibility, newest first; versions without a digit are left out (packages.md 5.3)."""
    found: dict[tuple[str, Visibility], list[tuple[str, Target]]] = {}
    for row in rows(IdentRow, package_rows.idents_partition(origin), begins=f"{name}/"):
        its_name, version, release = row.place
        if its_name != name:  # a slash in the asked name would reach into the versions of another
            continue
        for target, place in Standing.parse(row.standing).seen_by(member).items():
            found.setdefault((version, place.visibility), []).append((release, target))
    listed = [
        (order, ListedVersion(origin, name, version, len(places), *_newest_and_targets(places), visibility))
        for (version, visibility), places in found.items()
        if (order := version_key(version)) is not None
    ]
    return [entry for _, entry in sorted(listed, key=itemgetter(0), reverse=True)]


def _newest_and_targets(places: list[tuple[str, Target]]) -> tuple[str, list[str]]:
    releases, targets = zip(*places, strict=True)
    return max(releases), sorted(set(map(str, targets)))


def settings(origin: str, offset: int, size: int | None, caller: Caller) -> tuple[list[SettingsRow], int]:
    """A page of an origin's package settings by name, and how many there are in all (packages.md 5.2)."""
    counts = caller.read_with(origin_count_key(origin)).get(origin_count_key(origin))
    member = caller.role_in(origin) is not None
    if counts is None:
        return [], 0
    total = int(counts.settings if member else counts.public_settings)
    where = SettingsRow.visibility == str(Visibility.PUBLIC) if total < counts.settings else None
    end = None if size is None else offset + size
    page = page_for(end, int(counts.settings), total)
    found = rows(SettingsRow, package_rows.settings_partition(origin), where=where, page=page) if total > offset else ()
    return list(islice(found, offset, end)), total


def seen_by(counts: IdentCounts | None, member: bool) -> int:
    """How many of the counted idents a member, or anybody else, sees."""
    if counts is None:
        return 0
    return int(counts.idents if member else counts.public_idents)


def _start_of_deep_page(below: Below, offset: int, member: bool) -> tuple[str | None, int]:
    """The sort key behind which to read, and how many idents stand before it.

    One Query of the small rows that count the idents of each part; the page begins within one of them.
    """
    passed = 0
    for part, counts in below.parts():
        inside = seen_by(counts, member)
        if passed + inside > offset:
            return part[:-1] + AFTER_SLASH, passed
        passed += inside
    return None, 0


def _listed(origin: str, row: IdentRow, member: bool) -> Listed:
    name, version, release = row.place
    places = Standing.parse(row.standing).seen_by(member)
    return Listed(
        origin, name, version, release, channels_of(places.values()), sorted(str(target) for target in places)
    )
