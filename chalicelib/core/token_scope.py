"""What a named token may do: scopes, an origin to stay in, and the scope that each operation asks for.

Our own addition; the contract knows one token per account that may do everything the account may. A scope never adds to
what the account's role allows.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

_READS = frozenset({"GET", "HEAD"})
_OF_THE_ACCOUNT = ("/profile/access-tokens", "/profile/tokens")
_RELEASE = "/depot/pkgs/{origin}/{pkg}/{version}/{release}"
_UPLOADS = "/depot/uploads"
_CHANNELS = ("/depot/channels/", "/promotions/", "/demotions/")
_KEYS = "/depot/origins/{origin}/keys/"
_SECRET_KEY = "/depot/origins/{origin}/secret_keys/latest"


class ScopeUnknown(ValueError):
    """The word names no scope."""


class Scope(StrEnum):
    """What a token is for. Every one includes `read`, and `admin` includes all."""

    READ = "read"
    UPLOAD = "upload"
    PROMOTE = "promote"
    ADMIN = "admin"

    @classmethod
    def parse(cls, word: str) -> "Scope":
        """Exactly one of the four words. Raises ScopeUnknown."""
        try:
            return cls(word)
        except ValueError as problem:
            raise ScopeUnknown(word) from problem


class Grant(Struct, frozen=True):
    """What a token was made for; without an origin it may act in all origins of its account."""

    scopes: frozenset[Scope]
    origin: str | None = None

    @classmethod
    def of(cls, words: Iterable[str], origin: str | None = None) -> "Grant":
        """A grant from its words. Raises ScopeUnknown."""
        return cls(frozenset(map(Scope.parse, words)), origin)

    def permits(self, needed: Scope | None, origin: str | None) -> bool:
        """Whether an operation may go ahead that needs a scope (None: more than any token has) in an origin or in none.

        A token bound to an origin may read what its account reads outside origins, and what is public in others; who
        asks for roles must ask `is_member_in` as well.
        """
        if needed is None or not self._includes(needed):
            return False
        return needed is Scope.READ or self.origin is None or origin == self.origin

    def is_member_in(self, origin: str) -> bool:
        """Whether the account's role in an origin counts for the token at all."""
        return self.origin is None or origin == self.origin

    def _includes(self, needed: Scope) -> bool:
        if needed is Scope.READ:
            return bool(self.scopes)
        return needed in self.scopes or Scope.ADMIN in self.scopes


def scope_needed(method: str, path: str) -> Scope | None:
    """The scope for an operation by its declared path; None where no scope is enough.

    Tokens are made, shown and revoked by the account itself, otherwise a small token could make itself a greater one.
    What `hab pkg upload` needs is in `upload`: the signing key is fetched, its public half sent ahead of the archive.
    """
    if path.startswith(_OF_THE_ACCOUNT):
        return None
    if path == _SECRET_KEY:
        return Scope.UPLOAD if method in _READS else Scope.ADMIN
    if method in _READS or path.startswith(_UPLOADS):  # whose service asks for `upload` in the origin of the ident
        return Scope.READ
    if path.startswith(_UPLOADS) or (method == "POST" and path.startswith((_RELEASE, _KEYS))):
        return Scope.UPLOAD
    if path.startswith(_CHANNELS) or not {"promote", "demote"}.isdisjoint(path.split("/")):
        return Scope.PROMOTE
    return Scope.ADMIN
