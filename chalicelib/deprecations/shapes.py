"""Shapes of deprecations over HTTP (docs/ORIGINS.md)."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.deprecations.rows import DeprecationRow


class NewDeprecation(Struct):
    """A message for users, and what they should use instead: `origin/name[/version[/release]]`."""

    message: str
    replacement: str | None = None


class Deprecation(Struct):
    """A deprecation. `applies_to` is the name, version or release for which it was set."""

    applies_to: str
    message: str
    replacement: str | None
    deprecated_at: str

    @classmethod
    def of(cls, row: DeprecationRow) -> Deprecation:
        """Return the deprecation in a row."""
        origin = row.pk.partition("#")[2]
        return cls(f"{origin}/{row.sk}", row.message, row.replacement, row.at)
