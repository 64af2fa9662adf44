"""Rows of packages, and the reads on them.

A package (ident + target) has one full row, in version order within origin, name and target, so that `latest` is one
Query of one row. Lists read the slim row of its ident, in text order within the origin. Long texts (MANIFEST,
default.toml) stand apart.
"""

import json
import zlib
from collections.abc import Iterator

from msgspec import Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key, version_key
from chalicelib.core.visibility import Visibility
from chalicelib.platform.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.table import Key, Row, partition, read, rows

NUMBERED, NUMBERLESS = "1", "0"
UNIT_SEPARATOR = "\x1f"


class PackageRow(Row):
    """One package. Lists of idents and ports are joined texts: flat items parse ten times faster than nested ones."""

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
    """MANIFEST and default.toml of a package, compressed; `artifact` names the object that holds huge ones."""

    content = BinaryAttribute(legacy_encoding=False, null=True)
    artifact = UnicodeAttribute(null=True)


class IdentRow(Row):
    """An ident with all its targets, as lists show it; `revision` makes every step to another standing exclusive."""

    standing = UnicodeAttribute()
    public = BooleanAttribute()
    revision = NumberAttribute()

    @property
    def place(self) -> tuple[str, str, str]:
        """Name, version and release."""
        name, version, release = self.sk.split("/")
        return name, version, release


class NameRow(Row):
    """How many packages and idents a name has; rows of an origin in text order are its list of names."""

    packages = NumberAttribute(default=0)
    public_packages = NumberAttribute(default=0)
    idents = NumberAttribute(default=0)
    public_idents = NumberAttribute(default=0)


class VersionRow(Row):
    """How many idents a version has."""

    idents = NumberAttribute(default=0)
    public_idents = NumberAttribute(default=0)


class SettingsRow(Row):
    """The settings of a name: the visibility that its next upload gets."""

    id = NumberAttribute()
    visibility = UnicodeAttribute()
    owner_id = NumberAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()


class DependentRow(Row):
    """`sk` has (or had) a release that needs some release of the partition's name: a hint that readers verify."""


class Texts(Struct, frozen=True):
    """The long texts of a package."""

    manifest: str
    config: str

    def packed(self) -> bytes:
        """Compressed for the table."""
        return zlib.compress(json.dumps([self.manifest, self.config], ensure_ascii=False).encode(), 6)

    @classmethod
    def unpacked(cls, content: bytes) -> "Texts":
        """Read the compressed form."""
        manifest, config = json.loads(zlib.decompress(content))
        return cls(manifest, config)


NO_TEXTS = Texts("", "")


def releases_partition(origin: str, name: str, target: Target) -> str:
    """Where the releases of a name for a target stand in version order."""
    return partition("RELEASES", origin, name, target)


def release_place(ident: PackageIdent) -> str:
    """The sort key of a release; versions without a digit take no part in the order and stand below all others."""
    key = release_key(ident.version, ident.release)
    return NUMBERLESS + ident.version + UNIT_SEPARATOR + ident.release if key is None else NUMBERED + key


def package_key(ident: PackageIdent, target: Target) -> Key[PackageRow]:
    """Where a package stands."""
    return Key(PackageRow, releases_partition(ident.origin, ident.name, target), release_place(ident))


def texts_key(ident: PackageIdent, target: Target) -> Key[TextsRow]:
    """Where a package's long texts stand."""
    return Key(TextsRow, partition("TEXTS", ident.origin, ident.name, target), release_place(ident))


def idents_partition(origin: str) -> str:
    """Where the idents of an origin stand in text order."""
    return partition("IDENTS", origin)


def ident_key(ident: PackageIdent) -> Key[IdentRow]:
    """Where an ident stands."""
    return Key(IdentRow, idents_partition(ident.origin), f"{ident.name}/{ident.version}/{ident.release}")


def names_partition(origin: str) -> str:
    """Where the names of an origin stand in text order."""
    return partition("NAMES", origin)


def name_key(origin: str, name: str) -> Key[NameRow]:
    """Where a name's counts stand."""
    return Key(NameRow, names_partition(origin), name)


def version_counts_partition(origin: str, name: str) -> str:
    """Where the counts of a name's versions stand in text order."""
    return partition("VERSIONS", origin, name)


def version_count_key(origin: str, name: str, version: str) -> Key[VersionRow]:
    """Where a version's counts stand."""
    return Key(VersionRow, version_counts_partition(origin, name), version)


def settings_partition(origin: str) -> str:
    """Where the settings of an origin stand in text order of the name."""
    return partition("SETTINGS", origin)


def settings_key(origin: str, name: str) -> Key[SettingsRow]:
    """Where the settings of a name stand."""
    return Key(SettingsRow, settings_partition(origin), name)


def dependents_partition(origin: str, name: str, target: Target) -> str:
    """Where the names that need this name stand."""
    return partition("DEPENDENTS", origin, name, target)


def standing_of(ident: PackageIdent) -> Standing | None:
    """Where an ident stands, None if the depot does not have it."""
    row = read(ident_key(ident))
    return None if row is None else Standing.parse(row.standing)


def newest_first(origin: str, name: str, target: Target, version: str | None = None) -> Iterator[PackageRow]:
    """Releases that take part in the version order, newest first, read one at a time (packages.md 3)."""
    begins = NUMBERED
    if version is not None:
        order = version_key(version)
        if order is None:
            return
        begins += order
    found = rows(
        PackageRow, releases_partition(origin, name, target), begins=begins, newest_first=True, limit=None, page=1
    )
    for row in found:
        if version is None or PackageIdent.parse(row.ident).version == version:
            yield row


def newest_public(origin: str, name: str, target: Target, version: str | None = None) -> PackageRow | None:
    """The newest release that everybody sees; for names whose newest releases are private."""
    begins = NUMBERED if version is None else NUMBERED + (version_key(version) or UNIT_SEPARATOR)
    public = PackageRow.visibility == str(Visibility.PUBLIC)
    found = rows(PackageRow, releases_partition(origin, name, target), begins=begins, newest_first=True, where=public)
    same = (row for row in found if version is None or PackageIdent.parse(row.ident).version == version)
    return next(same, None)


def channels_of(row: PackageRow) -> list[str]:
    """The channels of a package, descending by bytes, as its row stores them."""
    names: list[str] = json.loads(row.channels)
    return names
