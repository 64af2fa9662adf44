"""Shapes of named tokens over HTTP; our own addition."""

from msgspec import Struct


class NewToken(Struct):
    """What a named token may do, where, and for how many days; without `expires_in` it does not expire."""

    name: str
    scopes: list[str]
    origin: str | None = None
    expires_in: int | None = None


class NamedToken(Struct):
    """A named token without its text."""

    id: str
    name: str
    scopes: list[str]
    origin: str | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class GeneratedToken(NamedToken):
    """A new named token. Its text is returned only here."""

    token: str


class NamedTokens(Struct):
    """The named tokens of an account, oldest first."""

    tokens: list[NamedToken]
