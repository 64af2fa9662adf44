"""Scopes of named tokens, which each operation declares, and the grant of a token.

An addition to the contract, which has one token per account with all permissions of the account. A scope never adds
permissions to those of the account's role.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct


class ScopeUnknown(ValueError):
    """The word does not name a scope."""


class Scope(StrEnum):
    """What a named token may do. Every scope includes `read`; `admin` includes all others."""

    READ = "read"
    UPLOAD = "upload"
    PROMOTE = "promote"
    BUILD = "build"
    ADMIN = "admin"

    @classmethod
    def parse(cls, word: str) -> "Scope":
        """Return the scope with exactly this name. Raises ScopeUnknown."""
        try:
            return cls(word)
        except ValueError as problem:
            raise ScopeUnknown(word) from problem


class Grant(Struct, frozen=True):
    """The scopes of a named token, and the origin that it is bound to (None: all origins of its account)."""

    scopes: frozenset[Scope]
    origin: str | None = None

    @classmethod
    def of(cls, words: Iterable[str], origin: str | None = None) -> "Grant":
        """Return the grant of the scopes with these names. Raises ScopeUnknown."""
        return cls(frozenset(map(Scope.parse, words)), origin)

    def permits(self, needed: Scope | None, origin: str | None) -> bool:
        """Return True if the grant covers a scope in an origin, or outside of origins (None).

        A scope of None is never covered. A token bound to an origin may still read public data of other origins, and
        data of its account outside of origins; `is_member_in` decides whether the account's role applies in an origin.
        """
        if needed is None or not self._includes(needed):
            return False
        return needed is Scope.READ or self.origin is None or origin == self.origin

    def is_member_in(self, origin: str) -> bool:
        """Return True if the token may use its account's role in an origin."""
        return self.origin is None or origin == self.origin

    def _includes(self, needed: Scope) -> bool:
        if needed is Scope.READ:
            return bool(self.scopes)
        return needed in self.scopes or Scope.ADMIN in self.scopes
