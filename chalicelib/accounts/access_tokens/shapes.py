"""Shapes of the personal access token over HTTP (accounts.md 8.2)."""

from msgspec import Struct


class AccessToken(Struct):
    """A personal access token with its text."""

    id: str
    account_id: str
    token: str
    created_at: str


class AccessTokens(Struct):
    """The access token of an account, or an empty list."""

    tokens: list[AccessToken]
