"""Lists of what an origin has: idents, names, versions and settings (packages.md 5.1-5.3)."""

from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.origins.store import OriginCountRow, origin_count_key
from chalicelib.packages import store
from chalicelib.packages.standing import Standing, channels_of
from chalicelib.packages.store import IdentRow, NameRow, SettingsRow, VersionRow
from chalicelib.platform.table import read, rows


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


@dataclass(frozen=True, slots=True)
class Below:
    """What is listed: an origin, a name, or a version of it."""

    origin: str
    name: str | None = None
    version: str | None = None

    @property
    def prefix(self) -> str:
        """The beginning of its idents in text order."""
        parts = [part for part in (self.name, self.version) if part is not None]
        return "".join(part + "/" for part in parts)

    def read_counts(self) -> OriginCountRow | NameRow | VersionRow | None:
        """The row that knows how many idents it has."""
        if self.name is None:
            return read(origin_count_key(self.origin))
        if self.version is None:
            return read(store.name_key(self.origin, self.name))
        return read(store.version_count_key(self.origin, self.name, self.version))


def idents(below: Below, offset: int, size: int | None, member: bool) -> tuple[list[Listed], int]:
    """A page of idents, targets merged, descending by the bytes of the ident, and how many there are in all.

    Two calls up to some thousand rows of offset: the count, and the slim rows.
    """
    total = _counted(below, member)
    found = rows(
        IdentRow,
        store.idents_partition(below.origin),
        begins=below.prefix,
        newest_first=True,
        where=None if member else IdentRow.public == True,  # noqa: E712 - PynamoDB builds a condition of it
        page=None if size is None else offset + size,
    )
    wanted = islice(found, offset, None if size is None else offset + size) if total > offset else ()
    return [_listed(below.origin, row, member) for row in wanted], total


def names(below: Below, offset: int, size: int | None, member: bool) -> tuple[list[Listed], int]:
    """A page of names that have idents, ascending, and how many there are in all (packages.md 5.1, distinct)."""
    if below.name is not None:
        there = [Listed(below.origin, below.name, None, None, [], [])] if _counted(below, member) else []
        return there[offset : None if size is None else offset + size], len(there)
    counts = read(origin_count_key(below.origin))
    if counts is None:
        return [], 0
    total = int(counts.names if member else counts.public_names)
    shown = NameRow.idents > 0 if member else NameRow.public_idents > 0
    end = None if size is None else offset + size
    found = rows(NameRow, store.names_partition(below.origin), where=shown, page=end) if total > offset else ()
    wanted = islice(found, offset, end)
    return [Listed(below.origin, row.sk, None, None, [], []) for row in wanted], total


def versions(origin: str, name: str, member: bool) -> list[ListedVersion]:
    """The versions of a name by visibility, newest first; versions without a digit are left out (packages.md 5.3)."""
    found: dict[tuple[str, Visibility], list[tuple[str, Target]]] = {}
    for row in rows(IdentRow, store.idents_partition(origin), begins=f"{name}/"):
        its_name, version, release = row.place
        if its_name != name:  # a slash in the asked name would reach into the versions of another
            continue
        for target, place in Standing.parse(row.standing).seen_by(member).items():
            found.setdefault((version, place.visibility), []).append((release, target))
    listed = [
        ListedVersion(
            origin,
            name,
            version,
            release_count=len(releases),
            latest=max(release for release, _ in releases),
            platforms=sorted({str(target) for _, target in releases}),
            visibility=visibility,
        )
        for (version, visibility), releases in found.items()
        if version_key(version) is not None
    ]
    return sorted(listed, key=lambda entry: version_key(entry.version) or "", reverse=True)


def settings(origin: str, offset: int, size: int | None, member: bool) -> tuple[list[SettingsRow], int]:
    """A page of an origin's package settings by name, and how many there are in all (packages.md 5.2)."""
    counts = read(origin_count_key(origin))
    if counts is None:
        return [], 0
    total = int(counts.settings if member else counts.public_settings)
    where = None if member else SettingsRow.visibility == str(Visibility.PUBLIC)
    end = None if size is None else offset + size
    found = rows(SettingsRow, store.settings_partition(origin), where=where, page=end) if total > offset else ()
    return list(islice(found, offset, end)), total


def _counted(below: Below, member: bool) -> int:
    counts = below.read_counts()
    if counts is None:
        return 0
    return int(counts.idents if member else counts.public_idents)


def _listed(origin: str, row: IdentRow, member: bool) -> Listed:
    name, version, release = row.place
    places = Standing.parse(row.standing).seen_by(member)
    return Listed(
        origin, name, version, release, channels_of(places.values()), sorted(str(target) for target in places)
    )
