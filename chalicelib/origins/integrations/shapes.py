"""Shapes of origin integrations over HTTP (accounts.md 8.9)."""

from typing import Any

from msgspec import Struct


class IntegrationNames(Struct):
    """The names of an origin's integrations of one type, oldest first."""

    names: list[str]


class Integration(Struct):
    """An integration; `integration` is its type. The body is as stored, without its top-level `password`."""

    origin: str
    integration: str
    name: str
    body: dict[str, Any]
