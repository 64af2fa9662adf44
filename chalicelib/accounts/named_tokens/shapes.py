"""Shapes of named tokens over HTTP; an addition to the contract."""

from typing import Annotated

from msgspec import Meta, Struct

Scopes = Annotated[list[str], Meta(description="Any of `read`, `upload`, `promote` and `admin`.")]


class NewToken(Struct):
    """A named token to create."""

    name: Annotated[str, Meta(description="A label, 1 to 100 printable characters.")]
    scopes: Scopes
    origin: Annotated[str | None, Meta(description="The only origin that the token may change; null: all.")] = None
    expires_in: Annotated[int | None, Meta(description="Lifetime in days; null: does not expire.")] = None


class NamedToken(Struct):
    """A named token without its text."""

    id: str
    name: str
    scopes: Scopes
    origin: str | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class MadeToken(NamedToken):
    """A new named token with its text."""

    token: str


class NamedTokens(Struct):
    """The named tokens of an account, oldest first."""

    tokens: list[NamedToken]
