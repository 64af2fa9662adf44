"""The standing of an ident: the visibility and channels of its packages, per target.

Every operation on packages and channels (upload, promotion, demotion, change of visibility, deletion) is a step from
one standing to the next. catalog/steps.py turns the difference between two standings into rows.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility


class Placement(Struct, frozen=True):
    """The visibility and channels of one package (an ident on one target)."""

    visibility: Visibility
    channels: frozenset[str]

    @property
    def is_public(self) -> bool:
        """True if lists show the package to everyone."""
        return self.visibility is Visibility.PUBLIC

    def joined(self, channel: str) -> "Placement":
        """Return the placement with this channel added."""
        return replace(self, channels=self.channels | {channel})

    def left(self, channel: str) -> "Placement":
        """Return the placement without this channel."""
        return replace(self, channels=self.channels - {channel})

    def with_visibility(self, visibility: Visibility) -> "Placement":
        """Return the placement with another visibility."""
        return replace(self, visibility=visibility)


class Standing(Struct, frozen=True):
    """The placements of all packages of one ident, by target."""

    placements: Mapping[Target, Placement]

    @classmethod
    def parse(cls, text: str) -> "Standing":
        """Return the standing in a stored text."""
        return _parsed(text)

    def __str__(self) -> str:
        stored = {
            str(t): [str(placement.visibility), sorted(placement.channels)]
            for t, placement in sorted(self.placements.items())
        }
        return json.dumps(stored, separators=(",", ":"))

    def with_placement(self, target: Target, placement: Placement) -> "Standing":
        """Return the standing with one package added or changed."""
        return Standing({**self.placements, target: placement})

    def without(self, target: Target) -> "Standing":
        """Return the standing without the package of a target."""
        return Standing({t: placement for t, placement in self.placements.items() if t is not target})

    def with_visibility(self, visibility: Visibility, targets: Collection[Target]) -> "Standing":
        """Return the standing with another visibility for the packages of some targets."""
        changed = {t: placement.with_visibility(visibility) for t, placement in self.placements.items() if t in targets}
        return Standing({**self.placements, **changed})

    def outside(self, channel: str) -> "Standing":
        """Return the standing with all packages removed from a channel."""
        return Standing({target: placement.left(channel) for target, placement in self.placements.items()})

    @property
    def exists(self) -> bool:
        """True if the ident has a package."""
        return bool(self.placements)

    @property
    def is_public(self) -> bool:
        """True if the ident has a public package."""
        return any(placement.is_public for placement in self.placements.values())

    def visible_to(self, member: bool) -> dict[Target, Placement]:
        """Return the placements of the packages that a member of the origin, or anyone else, may see."""
        return {target: placement for target, placement in self.placements.items() if member or placement.is_public}


class Listed(Struct, frozen=True):
    """What a list shows of an ident: the channels and the targets of its packages, in ascending order."""

    channels: list[str]
    targets: list[str]


@lru_cache(maxsize=1024)
def listed_as(text: str, member: bool) -> Listed:
    """Return what a list shows to a member of the origin, or to anyone else, of an ident with a stored standing."""
    placements = Standing.parse(text).visible_to(member)
    return Listed(channels_of(placements.values()), sorted(map(str, placements)))


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Standing:
    # Cached: most idents share one of a few standings.
    stored = json.loads(text)
    return Standing({Target(t): Placement(Visibility(v), frozenset(channels)) for t, (v, channels) in stored.items()})


NOWHERE = Standing({})


def channels_of(placements: Iterable[Placement]) -> list[str]:
    """Return the channels of some placements without duplicates, in ascending order of their bytes."""
    return sorted(frozenset[str]().union(*(placement.channels for placement in placements)))


class CountDelta(Struct, frozen=True):
    """The change of an origin's counts by one step."""

    packages: int
    public_packages: int
    idents: int
    public_idents: int


NO_CHANGE = CountDelta(0, 0, 0, 0)


def count_delta(before: Standing, after: Standing) -> CountDelta:
    """Return the change of the numbers of packages and idents, and of the public ones among them."""
    return CountDelta(
        packages=len(after.placements) - len(before.placements),
        public_packages=len(after.visible_to(member=False)) - len(before.visible_to(member=False)),
        idents=after.exists - before.exists,
        public_idents=after.is_public - before.is_public,
    )
