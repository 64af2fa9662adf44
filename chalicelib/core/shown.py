"""To whom a list shows an entry."""

from enum import IntEnum


class Shown(IntEnum):
    """To whom a list shows an entry. Members of the origin see what everyone sees, too."""

    ABSENT = 0
    MEMBERS = 1
    EVERYONE = 2

    @classmethod
    def entry(cls, exists: bool, public: bool) -> "Shown":
        """Return the state of an entry that exists or not, and that is public or not."""
        if not exists:
            return cls.ABSENT
        return cls.EVERYONE if public else cls.MEMBERS
