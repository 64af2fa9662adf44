"""Rows of packages, and functions that read them.

A package (ident + target) has one full row, in version order within its name and target, which makes `latest` a Query
of one row. Lists read a small row per ident, in text order within the origin. The long texts (MANIFEST and
default.toml) have their own rows.
"""

import json
import zlib
from collections.abc import Iterator

from msgspec import Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key, version_key
from chalicelib.platform.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.table import Key, Row, partition, read, rows

NUMBERED, NUMBERLESS = "1", "0"
"""First character of a release's sort key. Versions without a digit sort below all others and are never `latest`."""

UNIT_SEPARATOR = "\x1f"


class PackageRow(Row):
    """One package. Lists are joined by line feeds, because DynamoDB's nested lists take ten times longer to parse."""

    id = NumberAttribute()
    owner_id = NumberAttribute()
    ident = UnicodeAttribute()
    checksum = UnicodeAttribute()
    size = NumberAttribute()
    deps = UnicodeAttribute(default="")
    tdeps = UnicodeAttribute(default="")
    build_deps = UnicodeAttribute(default="")
    build_tdeps = UnicodeAttribute(default="")
    exposes = UnicodeAttribute(default="")
    package_type = UnicodeAttribute()
    visibility = UnicodeAttribute()
    channels = UnicodeAttribute()
    is_a_service = BooleanAttribute()
    artifact = UnicodeAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()


class TextsRow(Row):
    """MANIFEST and default.toml of a package, compressed. Large ones are in the object that `artifact` names."""

    content = BinaryAttribute(legacy_encoding=False, null=True)
    artifact = UnicodeAttribute(null=True)


class IdentRow(Row):
    """An ident with its standing. Every step checks and increments `revision`, which makes steps exclusive."""

    standing = UnicodeAttribute()
    public = BooleanAttribute()
    revision = NumberAttribute()

    @property
    def parts(self) -> tuple[str, str, str]:
        """Name, version and release of the ident."""
        name, version, release = self.sk.split("/")
        return name, version, release


class NameRow(Row):
    """A name with the number of its packages and idents. The rows of an origin are in text order.

    Every addition and deletion of a package, and every deletion of hints that lead to the name, sets a new `revision`
    on condition that the old one is still current. So hints are never deleted while an upload relies on them
    (`packages/hints.py`). `log_id` is the id of the name's last change in the log of names (`catalog/name_log.py`).
    """

    packages = NumberAttribute(default=0)
    public_packages = NumberAttribute(default=0)
    idents = NumberAttribute(default=0)
    public_idents = NumberAttribute(default=0)
    revision = NumberAttribute(null=True)
    log_id = NumberAttribute(null=True)


class VersionRow(Row):
    """A version of a name with the number of its idents."""

    idents = NumberAttribute(default=0)
    public_idents = NumberAttribute(default=0)


class SettingsRow(Row):
    """The settings of a name: the visibility of its next upload."""

    id = NumberAttribute()
    visibility = UnicodeAttribute()
    owner_id = NumberAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()


class DependentRow(Row):
    """A hint: the name in `sk` has, or had, a release that needs the name of the partition. Readers verify it.

    It is deleted with the last of these releases, or by the next reader.
    """


class Texts(Struct, frozen=True):
    """The long texts of a package."""

    manifest: str
    config: str

    def packed(self) -> bytes:
        """Return the compressed form that rows and objects store."""
        return zlib.compress(json.dumps([self.manifest, self.config], ensure_ascii=False).encode(), 6)

    @classmethod
    def unpacked(cls, content: bytes) -> "Texts":
        """Return the texts in a compressed form."""
        manifest, config = json.loads(zlib.decompress(content))
        return cls(manifest, config)


NO_TEXTS = Texts("", "")


def releases_partition(origin: str, name: str, target: Target) -> str:
    """Partition of the releases of a name for a target, in version order."""
    return partition("RELEASES", origin, name, target)


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


def names_partition(origin: str) -> str:
    """Partition of the names of an origin, in text order."""
    return partition("NAMES", origin)


def name_key(origin: str, name: str) -> Key[NameRow]:
    """Key of a name and its counts."""
    return Key(NameRow, names_partition(origin), name)


def version_counts_partition(origin: str, name: str) -> str:
    """Partition of the versions of a name, in text order."""
    return partition("VERSIONS", origin, name)


def version_count_key(origin: str, name: str, version: str) -> Key[VersionRow]:
    """Key of a version and its counts."""
    return Key(VersionRow, version_counts_partition(origin, name), version)


def settings_partition(origin: str) -> str:
    """Partition of the package settings of an origin, in text order of the names."""
    return partition("SETTINGS", origin)


def settings_key(origin: str, name: str) -> Key[SettingsRow]:
    """Key of the settings of a name."""
    return Key(SettingsRow, settings_partition(origin), name)


def dependents_partition(origin: str, name: str, target: Target) -> str:
    """Partition of the hints about names that need a name for a target."""
    return partition("DEPENDENTS", origin, name, target)


def dependent_key(needed: tuple[str, str], target: Target, origin: str, name: str) -> Key[DependentRow]:
    """Key of the hint that a name needs another one (`needed`, an origin and a name)."""
    return Key(DependentRow, dependents_partition(*needed, target), f"{origin}/{name}")


def standing_of(ident: PackageIdent) -> Standing | None:
    """Return the standing of an ident, or None if no package of it exists."""
    row = read(ident_key(ident))
    return None if row is None else Standing.parse(row.standing)


def newest_first(origin: str, name: str, target: Target, version: str | None = None) -> Iterator[PackageRow]:
    """Yield the releases of a name, or of one version of it, newest first (packages.md section 3).

    Each call to the table reads one row. Versions without a digit are left out.
    """
    prefix = NUMBERED
    if version is not None:
        order = version_key(version)
        if order is None:
            return
        prefix += order
    releases = rows(
        PackageRow, releases_partition(origin, name, target), begins=prefix, newest_first=True, limit=None, page=1
    )
    for row in releases:
        if version is None or PackageIdent.parse(row.ident).version == version:
            yield row


def channels_of(row: PackageRow) -> list[str]:
    """Return the channels of a package, descending by bytes."""
    names: list[str] = json.loads(row.channels)
    return names


def entries(joined: str) -> list[str]:
    """Return the entries of a list that a row stores as one text, joined by line feeds.

    Not `splitlines`: an entry may contain other line separators of Unicode.
    """
    return joined.split("\n") if joined else []
