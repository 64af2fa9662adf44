"""A package name within its origin."""

from msgspec import Struct

from chalicelib.core.search.search_terms import tokens_of


class PackageName(Struct, frozen=True, order=True):
    """The name of a package, with its origin."""

    origin: str
    name: str

    @property
    def tokens(self) -> list[str]:
        """The words by which search finds the package."""
        return tokens_of(self.origin, self.name)
