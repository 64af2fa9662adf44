"""Shapes of the signed-in user's origins over HTTP (accounts.md 8.3)."""

from msgspec import Struct


class OwnOrigin(Struct):
    """An origin that the caller is a member of; `package_count` counts the names with package settings."""

    owner_id: str
    name: str
    created_at: str
    updated_at: str
    default_package_visibility: str
    package_count: int
