"""What mirroring has to do at the destination, before it is done. Pure.

A plan only adds, unless it is told to prune; and pruning takes packages out of channels, it never deletes any.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bldr.dependency_order import ordered
from bldr.errors import BldrError, ChangeRefused
from bldr.packages import BORN_WITH, UNSTABLE, Described, Membership, Package


@dataclass(frozen=True, slots=True)
class Wish:
    """What the destination should have: packages, and memberships of some of them in channels."""

    packages: tuple[Described, ...]
    memberships: frozenset[Membership] = frozenset()


@dataclass(frozen=True, slots=True)
class There:
    """What the destination has of it; `members` is everything in the channels that are mirrored as a whole."""

    packages: Mapping[Package, Described] = field(default_factory=dict)
    channels: frozenset[tuple[str, str]] = frozenset()
    members: frozenset[Membership] = frozenset()


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """Steps in the order in which they are done; `conflicts` are there with other bytes and left alone."""

    transfers: tuple[Described, ...]
    channels: tuple[tuple[str, str], ...]
    promotions: tuple[Membership, ...]
    demotions: tuple[Membership, ...]
    conflicts: tuple[Package, ...]
    settled: int

    @classmethod
    def of(cls, wish: Wish, there: There, prune: bool) -> "SyncPlan":
        """The steps from what is there to what is wished. Raises ChangeRefused, DependencyCycle."""
        wanted = {described.package: described for described in wish.packages}
        conflicts = {package for package, described in wanted.items() if _differs(described, there)}
        order = ordered({package: described.needs for package, described in wanted.items()})
        transfers = tuple(wanted[package] for package in order if package not in there.packages)
        promotions = _promotions(wish, there, conflicts)
        needed = {(each.package.origin, each.channel) for each in promotions if each.channel not in BORN_WITH}
        return cls(
            transfers,
            tuple(sorted(needed - there.channels)),
            promotions,
            _demotions(wish, there) if prune else (),
            tuple(sorted(conflicts, key=str)),
            len(wanted) - len(transfers) - len(conflicts),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to do."""
        return not (self.transfers or self.channels or self.promotions or self.demotions)

    @property
    def needs(self) -> dict[Package, tuple[Package, ...]]:
        """What each transfer waits for."""
        return {described.package: described.needs for described in self.transfers}


def promotable(plan: SyncPlan, wish: Wish, failed: Mapping[Package, BldrError]) -> tuple[Membership, ...]:
    """Promotions of packages that arrived, with everything they need: what a channel gives must be installable."""
    broken: Collection[Package] = {*failed, *plan.conflicts}
    needs = {described.package: {described.package, *described.needs} for described in wish.packages}
    return tuple(each for each in plan.promotions if needs[each.package].isdisjoint(broken))


def demand_prunable(channels: Collection[tuple[str, str]]) -> None:
    """`unstable` cannot be pruned, since nothing leaves it. Raises ChangeRefused."""
    if any(channel == UNSTABLE for _, channel in channels):
        raise ChangeRefused("unstable cannot be pruned: packages leave it only when they are deleted")
    if not channels:
        raise ChangeRefused("there is nothing to prune without --channel")


def _differs(described: Described, there: There) -> bool:
    found = there.packages.get(described.package)
    return found is not None and found.checksum != described.checksum


def _promotions(wish: Wish, there: There, conflicts: Collection[Package]) -> tuple[Membership, ...]:
    missing = [
        each
        for each in wish.memberships
        if each.channel != UNSTABLE and each.package not in conflicts and not _is_member(each, there)
    ]
    return _in_order(missing)


def _is_member(wished: Membership, there: There) -> bool:
    found = there.packages.get(wished.package)
    return found is not None and wished.channel in found.channels


def _demotions(wish: Wish, there: There) -> tuple[Membership, ...]:
    return _in_order([each for each in there.members - wish.memberships if each.channel != UNSTABLE])


def _in_order(memberships: list[Membership]) -> tuple[Membership, ...]:
    return tuple(sorted(memberships, key=lambda each: (each.channel, str(each.package))))
