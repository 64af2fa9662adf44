"""Shapes of profiles over HTTP (accounts.md 8.2)."""

from msgspec import Struct


class Profile(Struct):
    """An account as its owner sees it."""

    id: str
    email: str
    name: str
    created_at: str
    updated_at: str


class ProfileChange(Struct):
    """The only thing in a profile that can change."""

    email: str = ""
