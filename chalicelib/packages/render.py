"""Packages as JSON (packages.md section 4)."""

from typing import Any

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import NO_TEXTS, PackageRow, SettingsRow, Texts
from chalicelib.core.ident import PackageIdent
from chalicelib.core.visibility import Visibility
from chalicelib.packages.lists import Listed, ListedVersion
from chalicelib.packages.reads import Membership


def package(row: PackageRow, texts: Texts = NO_TEXTS, with_size: bool = True) -> dict[str, Any]:
    """A full package; depot endpoints leave the long texts empty and tell the size, channel endpoints the reverse."""
    ident = PackageIdent.parse(row.ident)
    shown = {
        "id": str(int(row.id)),
        "owner_id": str(int(row.owner_id)),
        "origin": ident.origin,
        "name": ident.name,
        "ident": ident.as_json(),
        "ident_array": [ident.origin, ident.name, ident.version, ident.release],
        "checksum": row.checksum,
        "manifest": texts.manifest,
        "config": texts.config,
        "target": row.pk.rpartition("/")[2],
        "deps": _idents(row.deps),
        "tdeps": _idents(row.tdeps),
        "build_deps": _idents(row.build_deps),
        "build_tdeps": _idents(row.build_tdeps),
        "exposes": [int(port) for port in row.exposes.splitlines()],
        "visibility": row.visibility,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "package_type": row.package_type.capitalize(),
        "channels": package_rows.channels_of(row),
        "is_a_service": row.is_a_service,
    }
    return {**shown, "size": int(row.size)} if with_size else shown


def listed(row: Listed) -> dict[str, Any]:
    """A row of family P."""
    return {
        "origin": row.origin,
        "name": row.name,
        "version": row.version,
        "release": row.release,
        "channels": row.channels,
        "platforms": row.platforms,
    }


def version(row: ListedVersion) -> dict[str, Any]:
    """A version; its count is a string (packages.md 1.4)."""
    return {
        "origin": row.origin,
        "name": row.name,
        "version": row.version,
        "release_count": str(row.release_count),
        "latest": row.latest,
        "platforms": row.platforms,
        "visibility": str(row.visibility),
    }


def membership(place: Membership) -> dict[str, str]:
    """A channel that a package is in."""
    return {"name": place.channel, "created_at": place.created_at, "promoted_at": place.promoted_at}


def settings(origin: str, row: SettingsRow) -> dict[str, Any]:
    """Package settings."""
    return {
        "id": str(int(row.id)),
        "origin": origin,
        "name": row.sk,
        "visibility": str(Visibility(row.visibility)),
        "owner_id": str(int(row.owner_id)),
        "hidden": False,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _idents(joined: str) -> list[dict[str, str]]:
    names = ("origin", "name", "version", "release")
    return [dict(zip(names, line.split("/"), strict=True)) for line in joined.splitlines()]
