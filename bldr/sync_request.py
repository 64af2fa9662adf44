"""What a user asks to sync, and the states of source and destination that the plan compares."""

from collections.abc import Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from bldr.errors import PackageMissing
from bldr.locations import Destination, Location, Source
from bldr.packages import BUILD_GROUP_PREFIX, UNSTABLE, Membership, Package, PackageDetails, sorted_packages
from bldr.parallel import map_parallel
from bldr.requested_ident import RequestedIdent
from bldr.resolution import resolve, with_dependencies
from bldr.sync_plan import CurrentState, DesiredState
from chalicelib.core.target import Target


class SyncRequest(Struct, frozen=True):
    """What to sync: idents, packages and whole channels.

    Idents are resolved in the channel `latest_in` for each target. Channels are (origin, channel) pairs; without
    targets all targets in them are meant. `keep_channels` promotes idents and packages to their channels at the source.
    """

    idents: tuple[RequestedIdent, ...] = ()
    packages: tuple[Package, ...] = ()
    channels: tuple[tuple[str, str], ...] = ()
    targets: tuple[Target, ...] = ()
    latest_in: str = "stable"
    keep_channels: bool = False
    include_dependencies: bool = True

    def includes(self, package: Package) -> bool:
        """Return whether a package of a channel is included."""
        return not self.targets or package.target in self.targets


def desired_state(
    request: SyncRequest, source: Source, default_target: Target, jobs: int
) -> tuple[DesiredState, list[Package]]:
    """Return the state that the destination should have, and dependencies that the source lacks.

    Raises PackageMissing.
    """
    named = _named_packages(request, source, request.targets or (default_target,), jobs)
    members = _channel_members(request, source, jobs)
    memberships = {Membership(details.package, channel) for details, channel in members}
    if request.keep_channels:
        memberships |= {Membership(details.package, channel) for details in named for channel in _own_channels(details)}
    packages = {details.package: details for details in (*named, *(details for details, _ in members))}
    missing: list[Package] = []
    if request.include_dependencies:
        packages, missing = with_dependencies(source, packages.values(), jobs)
    without_channels = (replace(packages[package], channels=frozenset()) for package in sorted_packages(packages))
    return DesiredState(tuple(without_channels), frozenset(memberships)), missing


def current_state(
    request: SyncRequest, desired: DesiredState, destination: Destination, prune: bool, jobs: int
) -> CurrentState:
    """Return what the destination has of the desired state, and the members of the channels to prune."""
    packages = [details.package for details in desired.packages]
    existing = [details for details in map_parallel(packages, destination.find, jobs) if details is not None]
    origins = sorted({membership.package.origin for membership in desired.memberships})
    channels = {(origin, channel) for origin in origins for channel in destination.all_channels(origin)}
    members = {
        Membership(package, channel)
        for origin, channel in (request.channels if prune else ())
        for package in destination.members(origin, channel)
        if request.includes(package)
    }
    return CurrentState({details.package: details for details in existing}, frozenset(channels), frozenset(members))


def missing_at(location: Location, packages: Collection[Package], jobs: int) -> list[Package]:
    """Return those of the packages that a location lacks."""
    results = map_parallel(packages, location.find, jobs)
    return [package for package, details in zip(packages, results, strict=True) if details is None]


def _named_packages(request: SyncRequest, source: Source, targets: Iterable[Target], jobs: int) -> list[PackageDetails]:
    requests = [(ident, target) for ident in request.idents for target in targets]
    requests += [(RequestedIdent.of(package.ident), package.target) for package in request.packages]
    return resolve(source, requests, request.latest_in, jobs)


def _channel_members(request: SyncRequest, source: Source, jobs: int) -> list[tuple[PackageDetails, str]]:
    members: list[tuple[PackageDetails, str]] = []
    for origin, channel in request.channels:
        _require_channel(source, origin, channel)
        packages = [package for package in source.members(origin, channel) if request.includes(package)]
        for package, details in zip(packages, map_parallel(packages, source.find, jobs), strict=True):
            if details is None:
                raise PackageMissing(f"{source} lists {package} in {channel}, but does not return it; try again")
            members.append((details, channel))
    return members


def _require_channel(source: Source, origin: str, channel: str) -> None:
    """Require that a channel exists: with a misspelled name, pruning would empty the channel at the destination."""
    if channel != UNSTABLE and channel not in source.all_channels(origin):
        raise PackageMissing(f"{source} has no channel {channel} in origin {origin}; nothing was changed")


def _own_channels(details: PackageDetails) -> set[str]:
    return {channel for channel in details.channels - {UNSTABLE} if not channel.startswith(BUILD_GROUP_PREFIX)}
