"""Shapes of origin secrets over HTTP (accounts.md 8.8)."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.core.deferred import deferred

with deferred():
    from chalicelib.origins.secrets import rows


class NewSecret(Struct):
    """A secret to store. The value is an anonymous box, sealed for the origin's encryption key (accounts.md 7.6)."""

    name: str = ""
    value: str = ""


class Secret(Struct):
    """A secret with its sealed value. `origin_id` is always `0`; older `hab` clients require it."""

    id: str
    origin_id: str
    name: str
    value: str

    @classmethod
    def of(cls, row: rows.SecretRow) -> Secret:
        """Return the secret in a row."""
        return cls(id=str(row.id), origin_id="0", name=row.name, value=row.value)
