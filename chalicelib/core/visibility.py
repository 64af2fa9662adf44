"""Visibility of packages and settings (packages.md 1.1)."""

from enum import StrEnum


class VisibilityUnknown(ValueError):
    """The text is not a visibility."""


class Visibility(StrEnum):
    """Who sees a package: everyone, or only the members of its origin. Anyone may download a hidden package."""

    PUBLIC = "public"
    PRIVATE = "private"
    HIDDEN = "hidden"

    @classmethod
    def parse(cls, text: str) -> "Visibility":
        """Return the visibility with exactly this name. Raises VisibilityUnknown."""
        try:
            return cls(text)
        except ValueError as problem:
            raise VisibilityUnknown(text) from problem
