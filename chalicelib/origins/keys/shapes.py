"""Shapes of origin keys over HTTP (accounts.md 8.5)."""

from msgspec import Struct


class PublicKey(Struct):
    """A public signing key; `location` is the path of its file below `/v1/depot`."""

    origin: str
    revision: str
    location: str
