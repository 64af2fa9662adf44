"""Rows of packages, and functions that read them.

A package (ident + target) has one row with what its archive says, in version order within its name and target, which
makes `latest` a Query of one row. Only uploads write it. What promotions and changes of visibility change, the
*standing*, is in the small row of the ident. Lists read these rows, in text order within the origin. The long texts
(MANIFEST and default.toml) have their own rows.
"""

from functools import lru_cache
from typing import Any

from msgspec import Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Placement, Standing
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key, version_key
from chalicelib.core.visibility import Visibility
from chalicelib.platform.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import Found, read, rows

NUMBERED, NUMBERLESS = "1", "0"
"""First character of a release's sort key. Versions without a digit sort below all others and are never `latest`."""

UNIT_SEPARATOR = "\x1f"


class PackageRow(Row):
    """What the archive of one package says. `lists` holds its dependencies and ports (`PackageLists`)."""

    id = NumberAttribute()
    owner_id = NumberAttribute()
    ident = UnicodeAttribute()
    checksum = UnicodeAttribute()
    size = NumberAttribute()
    lists = BinaryAttribute(legacy_encoding=False)
    package_type = UnicodeAttribute()
    is_a_service = BooleanAttribute()
    artifact = UnicodeAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()


class TextsRow(Row):
    """MANIFEST and default.toml of a package, compressed. Large ones are in the object that `artifact` names."""

    content = BinaryAttribute(legacy_encoding=False, null=True)
    artifact = UnicodeAttribute(null=True)


class IdentRow(Row):
    """An ident with its standing. Every step checks `revision` and sets a new one, which makes steps exclusive."""

    standing = UnicodeAttribute()
    public = BooleanAttribute()
    revision = NumberAttribute()

    @property
    def parts(self) -> tuple[str, str, str]:
        """Name, version and release of the ident."""
        name, version, release = self.sk.split("/")
        return name, version, release


class DependentRow(Row):
    """A hint: the name in `sk` has, or had, a release that needs the name of the partition. Readers verify it.

    It is deleted with the last of these releases, or by the next reader.
    """


def releases_partition(origin: str, name: str, target: Target) -> str:
    """Partition of the releases of a name for a target, in version order."""
    return partition("RELEASES", origin, name, target)


@lru_cache(maxsize=1024)  # requests need it several times
def release_sort_key(ident: PackageIdent) -> str:
    """Return the sort key of a release, whose order by bytes is the version order (packages.md section 3)."""
    order = release_key(ident.version, ident.release)
    return NUMBERLESS + ident.version + UNIT_SEPARATOR + ident.release if order is None else NUMBERED + order


def package_key(ident: PackageIdent, target: Target) -> Key[PackageRow]:
    """Key of a package."""
    return Key(PackageRow, releases_partition(ident.origin, ident.name, target), release_sort_key(ident))


def texts_key(ident: PackageIdent, target: Target) -> Key[TextsRow]:
    """Key of the long texts of a package."""
    return Key(TextsRow, partition("TEXTS", ident.origin, ident.name, target), release_sort_key(ident))


def idents_partition(origin: str) -> str:
    """Partition of the idents of an origin, in text order."""
    return partition("IDENTS", origin)


def ident_key(ident: PackageIdent) -> Key[IdentRow]:
    """Key of an ident."""
    return Key(IdentRow, idents_partition(ident.origin), f"{ident.name}/{ident.version}/{ident.release}")


def dependents_partition(origin: str, name: str, target: Target) -> str:
    """Partition of the hints about names that need a name for a target."""
    return partition("DEPENDENTS", origin, name, target)


def dependent_key(needed: tuple[str, str], target: Target, origin: str, name: str) -> Key[DependentRow]:
    """Key of the hint that a name needs another one (`needed`, an origin and a name)."""
    return Key(DependentRow, dependents_partition(*needed, target), f"{origin}/{name}")


class StoredPackage(Struct, frozen=True):
    """A package as it is now: what its archive says, its visibility and its channels."""

    row: PackageRow
    placement: Placement
    standing_revision: float = 0

    @classmethod
    def found(cls, found: Found, ident: PackageIdent, target: Target) -> "StoredPackage | None":
        """Return the package in the rows of `package_keys`, or None if it does not exist."""
        return cls.of(found.get(package_key(ident, target)), found.get(ident_key(ident)), target)

    @classmethod
    def of(cls, row: PackageRow | None, ident_row: IdentRow | None, target: Target) -> "StoredPackage | None":
        """Return the package of a row for a target and the row of its ident, or None if it does not exist."""
        placement = None if ident_row is None else Standing.parse(ident_row.standing).placements.get(target)
        if row is None or ident_row is None or placement is None:
            return None
        return cls(row, placement, ident_row.revision)

    @property
    def revision(self) -> tuple[object, ...]:
        """The revision of everything that is shown of the package: upload, channels and visibility."""
        return int(self.row.id), self.row.updated_at, self.row.pk, self.standing_revision

    @property
    def visibility(self) -> Visibility:
        """The visibility of the package."""
        return self.placement.visibility

    @property
    def channels(self) -> list[str]:
        """The names of the channels that the package is in, descending by bytes (packages.md 4.1)."""
        return sorted(self.placement.channels, reverse=True)


def package_keys(ident: PackageIdent, target: Target) -> list[Key[Any]]:
    """Keys of the rows that `StoredPackage.found` needs."""
    return [package_key(ident, target), ident_key(ident)]


def standing_of(ident: PackageIdent) -> Standing | None:
    """Return the standing of an ident, or None if no package of it exists."""
    row = read(ident_key(ident))
    return None if row is None else Standing.parse(row.standing)


def newest(origin: str, name: str, target: Target, version: str | None = None) -> PackageRow | None:
    """Return the newest release of a name, or of one version of it (packages.md section 3).

    One Query of one row. Versions without a digit are left out. None also if another text of the version, such as
    `1.2` for `01.2`, has a newer release: `channel_rows.newest_behind` finds the release then.
    """
    prefix = NUMBERED
    if version is not None:
        order = version_key(version)
        if order is None:
            return None
        prefix += order
    partition_key = releases_partition(origin, name, target)
    row = next(rows(PackageRow, partition_key, begins=prefix, newest_first=True, limit=1), None)
    return row if row is None or version in (None, PackageIdent.parse(row.ident).version) else None
