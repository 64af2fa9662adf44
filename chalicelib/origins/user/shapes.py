"""Shapes of the signed-in user's origins over HTTP (accounts.md 8.3)."""

from chalicelib.origins.shapes import CreatedOrigin


class OwnOrigin(CreatedOrigin):
    """An origin that the caller is a member of; `package_count` counts the names with package settings."""

    package_count: int
