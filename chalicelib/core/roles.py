"""Roles in an origin and the flags of a session (accounts.md sections 2 and 6.1)."""

from enum import CONFORM, Enum, IntFlag
from functools import total_ordering


class RoleUnknown(ValueError):
    """The text names no role."""


@total_ordering
class Role(Enum):
    """What a member may do in an origin, least first; a minimum role means this or higher."""

    READONLY_MEMBER = 1
    MEMBER = 2
    MAINTAINER = 3
    ADMINISTRATOR = 4
    OWNER = 5

    @classmethod
    def parse(cls, text: str) -> "Role":
        """One of the five words in any case, nothing around it. Raises RoleUnknown."""
        try:
            return _BY_WORD[text.lower()]
        except KeyError:
            raise RoleUnknown(text) from None

    def __lt__(self, other: "Role") -> bool:
        if not isinstance(other, Role):
            return NotImplemented
        return bool(self.value < other.value)

    def __str__(self) -> str:
        return self.name.lower()


class SessionFlags(IntFlag, boundary=CONFORM):
    """Flags of a session; bits without a meaning here are masked, because tokens of other servers may carry them."""

    ADMIN = 1
    EARLY_ACCESS = 2
    BUILD_WORKER = 4


_BY_WORD = {str(role): role for role in Role}
