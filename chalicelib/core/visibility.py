"""Visibility of packages and settings: for all, for members, or only for those who know the ident (packages.md 1.1)."""

from enum import StrEnum


class VisibilityUnknown(ValueError):
    """The text names no visibility."""


class Visibility(StrEnum):
    """Who sees a package in reads; a hidden one may still be downloaded by everybody."""

    PUBLIC = "public"
    PRIVATE = "private"
    HIDDEN = "hidden"

    @classmethod
    def parse(cls, text: str) -> "Visibility":
        """Exactly one of the three words. Raises VisibilityUnknown."""
        try:
            return cls(text)
        except ValueError as problem:
            raise VisibilityUnknown(text) from problem
