"""The packages of a generated depot. Equal arguments give equal packages.

The first origin, `core`, has three fifths of the packages, so its lists and channels grow with the depot. Its package
PROBE has 50 releases in a depot of any size, so requests for it can be compared between depots of different sizes.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from local.seed.package_graph import Plan, generate

GRAPH_SEED = 2005
CORE, PROBE, MOST_NEEDED = "core", "maple", "libcomet"
"""An origin, its package with the most versions, and its package with the most run-time dependents."""

PROBE_RELEASES = 50
CORE_SHARE, PACKAGES_PER_ORIGIN = 0.6, 4_000
MIN_CORE_PACKAGES = 100
"""`core` begins with these packages: 50 releases of PROBE and one release of each of 50 other names."""

CHANNELS = ("stable", "base-2025", "LTS-2024")
PROMOTED_SHARES = (0.5, 0.2, 0.1)
PRIVATE_NAMES_SHARE, SECOND_TARGET_SHARE = 0.04, 0.15
FIRST_RELEASE = datetime(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Release:
    """A package on one target, its dependencies, the channels it is promoted to, and whether it is private."""

    ident: PackageIdent
    target: Target
    deps: tuple[str, ...]
    tdeps: tuple[str, ...]
    build_deps: tuple[str, ...]
    channels: tuple[str, ...]
    private: bool


@dataclass(frozen=True, slots=True)
class GeneratedDepot:
    """A depot of `packages` packages.

    `seed` determines targets, channels and visibility. `prefix` is put before the names of the origins.
    """

    packages: int
    seed: int = 2025
    prefix: str = ""

    @property
    def origins(self) -> dict[str, int]:
        """Number of packages of each origin."""
        core = max(round(self.packages * CORE_SHARE), min(self.packages, MIN_CORE_PACKAGES))
        others = max(1, (self.packages - core) // PACKAGES_PER_ORIGIN)
        share, remainder = divmod(self.packages - core, others)
        sizes = {CORE: core} | {f"team-{number}": share + (number < remainder) for number in range(others)}
        return {self.prefix + name: size for name, size in sizes.items() if size}

    def names(self, origin: str) -> Iterator[list[Release]]:
        """Yield the releases of each package name of an origin, oldest first."""
        rng = random.Random(f"{self.seed}/{origin.removeprefix(self.prefix)}")  # noqa: S311 - must be repeatable
        for position, (name, builds) in enumerate(_builds(self.origins[origin], rng).items()):
            private = position > PROBE_RELEASES and rng.random() < PRIVATE_NAMES_SHARE
            yield [
                Release(
                    PackageIdent(origin, name, version, _release(number)),
                    target,
                    **_dependencies(self.prefix + CORE, name),
                    channels=("stable",) if name == PROBE else _channels(rng),
                    private=private,
                )
                for version, number, target in builds
            ]


def _builds(size: int, rng: random.Random) -> dict[str, list[tuple[str, int, Target]]]:
    """Return version, number and target of `size` packages, by name.

    The first round has each version once; further rounds repeat the versions of all names but PROBE.
    """
    builds: dict[str, list[tuple[str, int, Target]]] = {}
    first_round = _first_round()
    total = number = 0
    while total < size:
        name, version = first_round[number % len(first_round)]
        if number < len(first_round) or name != PROBE:
            targets = [Target.X86_64_LINUX]
            if total >= MIN_CORE_PACKAGES and rng.random() < SECOND_TARGET_SHARE:
                targets.append(Target.X86_64_WINDOWS)
            for target in targets[: size - total]:
                builds.setdefault(name, []).append((version, number, target))
                total += 1
        number += 1
    return builds


def _channels(rng: random.Random) -> tuple[str, ...]:
    return tuple(channel for channel, share in zip(CHANNELS, PROMOTED_SHARES, strict=True) if rng.random() < share)


def _release(number: int) -> str:
    return (FIRST_RELEASE + timedelta(minutes=5 * number)).strftime("%Y%m%d%H%M%S")


@cache
def _first_round() -> list[tuple[str, str]]:
    """Return names and versions: first PROBE, then the newest version of each name by dependents, then older ones."""
    plans = _graph()
    dependents = Counter(dep for plan in plans.values() for dep in plan.deps)
    names = sorted(plans, key=lambda name: (name != PROBE, -dependents[name], name))
    probe = [(PROBE, version) for version in plans[PROBE].versions[-PROBE_RELEASES:]]
    others = [(age, name, version) for name in names[1:] for age, version in enumerate(reversed(plans[name].versions))]
    return probe + [(name, version) for _, name, version in sorted(others, key=lambda other: other[0])]


@cache
def _first_builds() -> dict[str, str]:
    """Return `name/version/release` of the first package of each name in the first round."""
    first: dict[str, str] = {}
    for number, (name, version) in enumerate(_first_round()):
        first.setdefault(name, f"{name}/{version}/{_release(number)}")
    return first


@cache
def _dependencies(origin: str, name: str) -> dict[str, tuple[str, ...]]:
    plan = _graph()[name]
    lists = {"deps": plan.deps, "tdeps": sorted(_closure(name)), "build_deps": plan.build_deps}
    first = _first_builds()
    return {kind: tuple(f"{origin}/{first[dep]}" for dep in names) for kind, names in lists.items()}


@cache
def _closure(name: str) -> frozenset[str]:
    """Return the transitive run-time dependencies of a name, which contain no cycles."""
    direct = _graph()[name].deps
    return frozenset(direct).union(*(_closure(dep) for dep in direct))


@cache
def _graph() -> dict[str, Plan]:
    return {plan.name: plan for plan in generate(GRAPH_SEED)}
