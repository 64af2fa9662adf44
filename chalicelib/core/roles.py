"""Roles in an origin and the flags of a session (accounts.md sections 2 and 6.1)."""

from enum import CONFORM, Enum, IntFlag
from functools import total_ordering


class RoleUnknown(ValueError):
    """The text is not a role."""


@total_ordering
class Role(Enum):
    """The role of a member in an origin, in ascending order; a minimum role includes all higher ones."""

    READONLY_MEMBER = 1
    MEMBER = 2
    MAINTAINER = 3
    ADMINISTRATOR = 4
    OWNER = 5

    @classmethod
    def parse(cls, text: str) -> "Role":
        """Return the role with a name, in upper or lower case. Raises RoleUnknown."""
        try:
            return _BY_WORD[text.lower()]
        except KeyError:
            raise RoleUnknown(text) from None

    @property
    def and_higher(self) -> list["Role"]:
        """This role and all higher ones."""
        return [role for role in Role if role >= self]

    def __lt__(self, other: "Role") -> bool:
        if not isinstance(other, Role):
            return NotImplemented
        return bool(self.value < other.value)

    def __str__(self) -> str:
        return self.name.lower()


class SessionFlags(IntFlag, boundary=CONFORM):
    """Flags of a session. Unknown bits, which tokens of other servers may contain, are masked."""

    ADMIN = 1
    EARLY_ACCESS = 2
    BUILD_WORKER = 4


_BY_WORD = {str(role): role for role in Role}
