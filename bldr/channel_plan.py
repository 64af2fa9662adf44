"""What a promotion or demotion changes, before it is done. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from bldr.errors import ChangeRefused
from bldr.packages import UNSTABLE, Package, in_text_order


class Move(StrEnum):
    """Into a channel, or out of it; spelled as in paths."""

    PROMOTE = "promote"
    DEMOTE = "demote"


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """Packages that change, and those that are already as wished; both in text order."""

    move: Move
    channel: str
    changes: tuple[Package, ...]
    settled: tuple[Package, ...]

    @classmethod
    def of(cls, move: Move, channel: str, wanted: Iterable[Package], members: Collection[Package]) -> "ChannelPlan":
        """What has to change so that all wanted packages are in the channel, or none. Raises ChangeRefused."""
        if channel == UNSTABLE:
            raise ChangeRefused("every package is in unstable for as long as it exists; name another channel")
        there = set(members)
        packages = in_text_order(set(wanted))
        changes = tuple(package for package in packages if (package in there) == (move is Move.DEMOTE))
        return cls(move, channel, changes, tuple(package for package in packages if package not in set(changes)))

    @property
    def origins(self) -> list[str]:
        """Whose packages change."""
        return sorted({package.origin for package in self.changes})
