"""What a mirroring is about: packages of the source with everything they need, and what the destination has of them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from bldr.crew import each
from bldr.errors import IdentUnclear
from bldr.packages import GROUP_CHANNELS, UNSTABLE, Described, Membership, Package, in_text_order
from bldr.places import Destination, Place, Source
from bldr.sync_plan import There, Wish
from bldr.wanted import Wanted
from chalicelib.core.target import Target


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user wants to have mirrored.

    Idents are resolved in `latest_in` for each target, packages are meant as they are. Channels are taken as a whole,
    for the targets or, without any, for all. `keep_channels` takes along in which channels what is named is.
    """

    idents: tuple[Wanted, ...] = ()
    packages: tuple[Package, ...] = ()
    channels: tuple[tuple[str, str], ...] = ()
    targets: tuple[Target, ...] = ()
    latest_in: str = "stable"
    keep_channels: bool = False
    with_deps: bool = True

    def takes(self, package: Package) -> bool:
        """Whether a package of a channel is meant."""
        return not self.targets or package.target in self.targets


def gather(asked: Asked, source: Source, default_target: Target, jobs: int) -> tuple[Wish, list[Package]]:
    """What the destination should have, and needed packages that the source lacks. Raises IdentUnclear."""
    targets = asked.targets or (default_target,)
    named = _named(asked, source, targets, jobs)
    members = _members(asked, source, jobs)
    memberships = {Membership(described.package, channel) for described, channel in members}
    if asked.keep_channels:
        memberships |= {Membership(each.package, channel) for each in named for channel in _kept(each)}
    roots = [*named, *(described for described, _ in members)]
    packages, missing = (
        _with_needs(roots, source, jobs) if asked.with_deps else ({each.package: each for each in roots}, [])
    )
    bare = tuple(replace(packages[package], channels=frozenset()) for package in in_text_order(packages))
    return Wish(bare, frozenset(memberships)), missing


def look_around(asked: Asked, wish: Wish, destination: Destination, prune: bool, jobs: int) -> There:
    """What the destination has of a wish."""
    wanted = [described.package for described in wish.packages]
    found = [described for described in each(wanted, destination.find, jobs) if described is not None]
    origins = sorted({membership.package.origin for membership in wish.memberships})
    channels = {(origin, channel) for origin in origins for channel in destination.channels(origin)}
    members = {
        Membership(package, channel)
        for origin, channel in (asked.channels if prune else ())
        for package in destination.members(origin, channel)
        if asked.takes(package)
    }
    return There({described.package: described for described in found}, frozenset(channels), frozenset(members))


def lacking(missing: Iterable[Package], place: Place, jobs: int) -> list[Package]:
    """Those of the missing packages that this place lacks too."""
    packages = list(missing)
    found = each(packages, place.find, jobs)
    return [package for package, described in zip(packages, found, strict=True) if described is None]


def _named(asked: Asked, source: Source, targets: Collection[Target], jobs: int) -> list[Described]:
    pairs = [(wanted, target) for wanted in asked.idents for target in targets]
    pairs += [(Wanted.of(package.ident), package.target) for package in asked.packages]
    found = each(pairs, lambda pair: source.latest(pair[0], asked.latest_in, pair[1]), jobs)
    for (wanted, target), described in zip(pairs, found, strict=True):
        if described is None:
            where = "" if wanted.ident else f" in channel {asked.latest_in}"
            raise IdentUnclear(f"{source} has no {wanted} for {target}{where}; check the ident, channel and --target")
    return [described for described in found if described is not None]


def _kept(described: Described) -> set[str]:
    return {channel for channel in described.channels - {UNSTABLE} if not channel.startswith(GROUP_CHANNELS)}


def _members(asked: Asked, source: Source, jobs: int) -> list[tuple[Described, str]]:
    found: list[tuple[Described, str]] = []
    for origin, channel in asked.channels:
        if channel != UNSTABLE and channel not in source.channels(
            origin
        ):  # pruning by a typing mistake empties channels
            raise IdentUnclear(f"{source} has no channel {channel} in origin {origin}; nothing was done")
        packages = [package for package in source.members(origin, channel) if asked.takes(package)]
        for package, described in zip(packages, each(packages, source.find, jobs), strict=True):
            if described is None:
                raise IdentUnclear(f"{source} lists {package} in {channel}, but does not give it; try again")
            found.append((described, channel))
    return found


def _with_needs(
    roots: Iterable[Described], source: Source, jobs: int
) -> tuple[dict[Package, Described], list[Package]]:
    """The packages with all that they need; TDEPS are transitive already, so one round is enough."""
    known = {described.package: described for described in roots}
    needed = in_text_order({need for described in known.values() for need in described.needs} - set(known))
    found = dict(zip(needed, each(needed, source.find, jobs), strict=True))
    known |= {package: described for package, described in found.items() if described is not None}
    return known, [package for package, described in found.items() if described is None]
