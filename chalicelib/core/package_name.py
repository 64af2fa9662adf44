"""A package name within its origin."""

from msgspec import Struct

from chalicelib.core.search_terms import tokens_of


class PackageName(Struct, frozen=True, order=True):
    """A name of an origin."""

    origin: str
    name: str

    @property
    def tokens(self) -> list[str]:
        """What it is found by."""
        return tokens_of(self.origin, self.name)
