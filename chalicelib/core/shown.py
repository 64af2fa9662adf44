"""To whom search and lists show a name."""

from enum import IntEnum


class Shown(IntEnum):
    """Who sees a name: nobody, if it has no packages; members of its origin; or everyone, if a package is public."""

    NOBODY = 0
    MEMBERS = 1
    EVERYONE = 2

    @classmethod
    def of(cls, packages: int, public_packages: int) -> "Shown":
        """Return who sees a name with so many packages, or idents."""
        if not packages:
            return cls.NOBODY
        return cls.EVERYONE if public_packages else cls.MEMBERS
