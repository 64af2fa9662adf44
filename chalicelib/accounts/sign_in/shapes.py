"""Shapes of sign-in over HTTP (accounts.md 8.1)."""

from msgspec import Struct


class SignedIn(Struct):
    """An account and its new web session. `token` is the bearer token, `oauth_token` the token of the provider."""

    id: str
    name: str
    email: str
    token: str
    flags: int
    oauth_token: str
