"""The plan of a sync: the steps from the current state of the destination to the desired state.

A plan only adds. With pruning it also demotes packages, but it never deletes one.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from bldr.dependency_order import in_dependency_order
from bldr.errors import BldrError, ChangeRefused
from bldr.packages import DEFAULT_CHANNELS, UNSTABLE, Membership, Package, PackageDetails


class DesiredState(Struct, frozen=True):
    """What the destination should have: packages, and memberships of these packages in channels."""

    packages: tuple[PackageDetails, ...]
    memberships: frozenset[Membership] = frozenset()


class CurrentState(Struct, frozen=True):
    """What the destination has: desired packages, (origin, channel) pairs, and members of the channels to prune."""

    packages: Mapping[Package, PackageDetails]
    channels: frozenset[tuple[str, str]]
    members: frozenset[Membership]


class SyncPlan(Struct, frozen=True):
    """The steps in order. `conflicts` exist with different bytes and stay as they are; `up_to_date` counts packages."""

    transfers: tuple[PackageDetails, ...]
    channels: tuple[tuple[str, str], ...]
    promotions: tuple[Membership, ...]
    demotions: tuple[Membership, ...]
    conflicts: tuple[Package, ...]
    up_to_date: int

    @classmethod
    def of(cls, desired: DesiredState, current: CurrentState, prune: bool) -> "SyncPlan":
        """Plan the steps from the current to the desired state. Raises DependencyCycle."""
        packages = {details.package: details for details in desired.packages}
        conflicts = {package for package, details in packages.items() if _differs(details, current)}
        order = in_dependency_order({package: details.dependencies for package, details in packages.items()})
        transfers = tuple(packages[package] for package in order if package not in current.packages)
        promotions = _promotions(desired, current, conflicts)
        return cls(
            transfers,
            _missing_channels(promotions, current),
            promotions,
            _demotions(desired, current) if prune else (),
            tuple(sorted(conflicts, key=str)),
            len(packages) - len(transfers) - len(conflicts),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there are no steps."""
        return not (self.transfers or self.channels or self.promotions or self.demotions)

    @property
    def dependencies(self) -> dict[Package, tuple[Package, ...]]:
        """The dependencies of each transfer."""
        return {details.package: details.dependencies for details in self.transfers}


def possible_promotions(
    plan: SyncPlan, desired: DesiredState, failed: Mapping[Package, BldrError]
) -> tuple[Membership, ...]:
    """Return the promotions whose package and dependencies all arrived, so that the package can be installed."""
    unusable = {*failed, *plan.conflicts}
    needed = {details.package: {details.package, *details.dependencies} for details in desired.packages}
    return tuple(promotion for promotion in plan.promotions if needed[promotion.package].isdisjoint(unusable))


def require_prunable(channels: Collection[tuple[str, str]]) -> None:
    """Require channels that can be pruned. Raises ChangeRefused."""
    if any(channel == UNSTABLE for _, channel in channels):
        raise ChangeRefused("unstable cannot be pruned: packages leave it only when they are deleted")
    if not channels:
        raise ChangeRefused("--prune requires --channel")


def _differs(details: PackageDetails, current: CurrentState) -> bool:
    existing = current.packages.get(details.package)
    return existing is not None and existing.checksum != details.checksum


def _promotions(desired: DesiredState, current: CurrentState, conflicts: Collection[Package]) -> tuple[Membership, ...]:
    return _sorted(
        membership
        for membership in desired.memberships
        if membership.channel != UNSTABLE
        and membership.package not in conflicts
        and not _is_member(membership, current)
    )


def _is_member(membership: Membership, current: CurrentState) -> bool:
    existing = current.packages.get(membership.package)
    return existing is not None and membership.channel in existing.channels


def _missing_channels(promotions: Iterable[Membership], current: CurrentState) -> tuple[tuple[str, str], ...]:
    needed = {(each.package.origin, each.channel) for each in promotions if each.channel not in DEFAULT_CHANNELS}
    return tuple(sorted(needed - current.channels))


def _demotions(desired: DesiredState, current: CurrentState) -> tuple[Membership, ...]:
    return _sorted(each for each in current.members - desired.memberships if each.channel != UNSTABLE)


def _sorted(memberships: Iterable[Membership]) -> tuple[Membership, ...]:
    return tuple(sorted(memberships, key=lambda membership: (membership.channel, str(membership.package))))
