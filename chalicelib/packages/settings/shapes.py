"""Shapes of package settings over HTTP (packages.md 4.4 and 10)."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.catalog.name_rows import SettingsRow


class NewVisibility(Struct):
    """The visibility of the next upload: `public`, `private` or `hidden`."""

    visibility: str | None = None


class Settings(Struct):
    """Package settings. `hidden` is always false."""

    id: str
    origin: str
    name: str
    visibility: str
    owner_id: str
    hidden: bool
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: SettingsRow) -> Settings:
        """Return the settings in a row."""
        origin = row.pk.partition("#")[2]
        return cls(
            str(int(row.id)),
            origin,
            row.sk,
            row.visibility,
            str(int(row.owner_id)),
            False,
            row.created_at,
            row.updated_at,
        )
