"""The plan of a promotion or demotion: which packages change, and which do not need to."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from msgspec import Struct

from bldr.errors import ChangeRefused
from bldr.packages import UNSTABLE, Package, sorted_packages


class ChannelOperation(StrEnum):
    """Promotion to a channel or demotion from it, spelled as in the API's paths."""

    PROMOTE = "promote"
    DEMOTE = "demote"


class ChannelPlan(Struct, frozen=True):
    """Packages that change, and packages that are already in the desired state. Both are sorted."""

    operation: ChannelOperation
    channel: str
    changes: tuple[Package, ...]
    unchanged: tuple[Package, ...]

    @classmethod
    def of(
        cls, operation: ChannelOperation, channel: str, packages: Iterable[Package], members: Collection[Package]
    ) -> "ChannelPlan":
        """Plan to promote or demote packages, given the members of the channel. Raises ChangeRefused."""
        if channel == UNSTABLE:
            raise ChangeRefused("every package is always in unstable; name another channel")
        in_channel = set(members)
        removes = operation is ChannelOperation.DEMOTE
        ordered = sorted_packages(set(packages))
        changes = tuple(package for package in ordered if (package in in_channel) == removes)
        unchanged = tuple(package for package in ordered if (package in in_channel) != removes)
        return cls(operation, channel, changes, unchanged)

    @property
    def origins(self) -> list[str]:
        """The origins of the packages that change."""
        return sorted({package.origin for package in self.changes})
