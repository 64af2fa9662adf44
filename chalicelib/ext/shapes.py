"""Shapes of registries over HTTP (platform.md 2.2)."""

from msgspec import Struct


class RegistryCredentials(Struct):
    """Credentials of a container registry. `url` may be omitted for Docker Hub."""

    username: str | None = None
    password: str | None = None
    url: str | None = None
