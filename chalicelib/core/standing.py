"""Where an ident stands in the depot: visibility and channels per target. Pure; the store turns differences into rows.

Every operation on packages and channels (upload, promote, demote, visibility, delete) is a step from one standing to
another.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility


class Placement(Struct, frozen=True):
    """One package (an ident on one target): who may see it, and the channels it is in."""

    visibility: Visibility
    channels: frozenset[str]

    @property
    def is_public(self) -> bool:
        """True if everybody sees it in lists."""
        return self.visibility is Visibility.PUBLIC

    def joined(self, channel: str) -> "Placement":
        """The same package, also in this channel."""
        return replace(self, channels=self.channels | {channel})

    def left(self, channel: str) -> "Placement":
        """The same package, no longer in this channel."""
        return replace(self, channels=self.channels - {channel})

    def seen_as(self, visibility: Visibility) -> "Placement":
        """The same package under another visibility."""
        return replace(self, visibility=visibility)


class Standing(Struct, frozen=True):
    """All places of one ident, by target."""

    places: Mapping[Target, Placement]

    @classmethod
    def parse(cls, text: str) -> "Standing":
        """Read the stored form."""
        return _parsed(text)

    def __str__(self) -> str:
        stored = {str(t): [str(place.visibility), sorted(place.channels)] for t, place in sorted(self.places.items())}
        return json.dumps(stored, separators=(",", ":"))

    def with_place(self, target: Target, place: Placement) -> "Standing":
        """The standing after one package came or changed."""
        return Standing({**self.places, target: place})

    def without(self, target: Target) -> "Standing":
        """The standing after one package went."""
        return Standing({t: place for t, place in self.places.items() if t is not target})

    def seen_as(self, visibility: Visibility, targets: Collection[Target]) -> "Standing":
        """The standing after some of its packages came under another visibility."""
        changed = {t: place.seen_as(visibility) for t, place in self.places.items() if t in targets}
        return Standing({**self.places, **changed})

    def outside(self, channel: str) -> "Standing":
        """The standing after all packages left a channel."""
        return Standing({target: place.left(channel) for target, place in self.places.items()})

    @property
    def exists(self) -> bool:
        """True while any package of the ident exists."""
        return bool(self.places)

    @property
    def is_public(self) -> bool:
        """True if everybody sees the ident on some target."""
        return any(place.is_public for place in self.places.values())

    def seen_by(self, member: bool) -> dict[Target, Placement]:
        """The places that a member, or anybody else, may see."""
        return {target: place for target, place in self.places.items() if member or place.is_public}


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Standing:
    """Many idents stand alike, so that lists read few texts often."""
    stored = json.loads(text)
    return Standing({Target(t): Placement(Visibility(v), frozenset(channels)) for t, (v, channels) in stored.items()})


NOWHERE = Standing({})


def channels_of(places: Iterable[Placement]) -> list[str]:
    """The channels of some places, each once, ascending by bytes."""
    return sorted(frozenset[str]().union(*(place.channels for place in places)))


class CountDelta(NamedTuple):
    """How a step changes the counts of what lists show."""

    packages: int
    public_packages: int
    idents: int
    public_idents: int


def count_delta(before: Standing, after: Standing) -> CountDelta:
    """What a step adds to (or takes from) packages, idents and the public ones among them."""
    return CountDelta(
        packages=len(after.places) - len(before.places),
        public_packages=len(after.seen_by(member=False)) - len(before.seen_by(member=False)),
        idents=after.exists - before.exists,
        public_idents=after.is_public - before.is_public,
    )
