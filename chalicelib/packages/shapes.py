"""Shapes of packages over HTTP (packages.md sections 4, 5 and 7). The order of the fields is the order in answers."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from chalicelib.catalog.package_rows import StoredPackage
from chalicelib.catalog.package_texts import NO_TEXTS, PackageLists, Texts
from chalicelib.core import answer_size
from chalicelib.core.ident import PackageIdent


class ListQuery(Struct):
    """The row at which the page begins (negative: all rows), and whether each name is listed once."""

    range: int = 0
    distinct: bool = False


class TargetQuery(Struct):
    """The target of the package; without it, the target of the client."""

    target: str | None = None


class DownloadQuery(Struct):
    """The target of the package, and `redirect=s3` for a presigned URL of the object store."""

    target: str | None = None
    redirect: str = ""


class UploadQuery(Struct):
    """The checksum of the archive, and its target. `forced` replaces an existing package if the bytes are equal.

    Workers send `builder`, with any value (builds.md 6.4).
    """

    checksum: str = ""
    target: str | None = None
    forced: bool = False
    builder: str | None = None


class Package(Struct):
    """A full package. `channels` is in descending order; `is_a_service` follows from the manifest (packages.md 4.1)."""

    id: str
    owner_id: str
    origin: str
    name: str
    ident: PackageIdent
    ident_array: list[str]
    checksum: str
    manifest: str
    config: str
    target: str
    deps: list[PackageIdent]
    tdeps: list[PackageIdent]
    build_deps: list[PackageIdent]
    build_tdeps: list[PackageIdent]
    exposes: list[int]
    visibility: str
    created_at: str
    updated_at: str
    package_type: str
    channels: list[str]
    is_a_service: bool


class DepotPackage(Package):
    """A full package as `/depot/pkgs` returns it: `manifest` and `config` are empty, `size` is that of the archive."""

    size: int


class ListedPackage(Struct):
    """An ident with its channels and targets, or a name, for which the other fields are null or empty."""

    origin: str
    name: str
    version: str | None
    release: str | None
    channels: list[str]
    platforms: list[str]


class ListedVersion(Struct):
    """A version of a name, with its releases of one visibility."""

    origin: str
    name: str
    version: str
    release_count: str
    latest: str
    platforms: list[str]
    visibility: str


class PackageChannel(Struct):
    """A channel that a package is in. Both times are those of its membership."""

    name: str
    created_at: str
    promoted_at: str


def channel_package(package: StoredPackage, texts: Texts) -> Package:
    """Return a package as channel endpoints show it: with its long texts and without its size.

    Texts that are too long for an answer are left out, which the contract allows (platform.md 3.2). Uploads refuse
    them, but older packages may have them.
    """
    fits = answer_size.are_planned(texts.manifest, texts.config)
    return Package(**_fields(package, texts if fits else NO_TEXTS))


def depot_package(package: StoredPackage) -> DepotPackage:
    """Return a package as `/depot/pkgs` endpoints show it: with its size and without its long texts."""
    return DepotPackage(**_fields(package, NO_TEXTS), size=int(package.row.size))


def _fields(package: StoredPackage, texts: Texts) -> dict[str, Any]:
    row = package.row
    ident, lists = PackageIdent.parse(row.ident), PackageLists.unpacked(row.lists)
    return {
        "id": str(int(row.id)),
        "owner_id": str(int(row.owner_id)),
        "origin": ident.origin,
        "name": ident.name,
        "ident": ident,
        "ident_array": [ident.origin, ident.name, ident.version, ident.release],
        "checksum": row.checksum,
        "manifest": texts.manifest,
        "config": texts.config,
        "target": row.pk.rpartition("/")[2],
        "deps": _idents(lists.deps),
        "tdeps": _idents(lists.tdeps),
        "build_deps": _idents(lists.build_deps),
        "build_tdeps": _idents(lists.build_tdeps),
        "exposes": lists.exposes,
        "visibility": package.visibility,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "package_type": row.package_type.capitalize(),
        "channels": package.channels,
        "is_a_service": row.is_a_service,
    }


def _idents(texts: Iterable[str]) -> list[PackageIdent]:
    return [PackageIdent.parse(text) for text in texts]
