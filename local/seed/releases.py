"""A depot's worth of releases, made from a generated graph of packages; equal arguments give equal catalogues.

The first origin, `core`, has three fifths of the packages, so that one origin, its channels and its names grow with
the depot. Its first name, PROBE, never grows, so that what it costs can be compared between depots of any size.
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
"""An origin, its package with the most versions, and the one that most others need at run time."""

CORE_SHARE, PACKAGES_PER_ORIGIN = 0.6, 4_000
PAGE_OF_EACH = 100
"""So many packages are in `core` at least, and come first: 50 of the probe, and one of each of 50 names."""
CHANNELS = ("stable", "base-2025", "LTS-2024")
PROMOTED = (0.5, 0.2, 0.1)
PRIVATE_NAMES, OTHER_TARGET = 0.04, 0.15
FIRST_RELEASE = datetime(2024, 1, 1)


@dataclass(frozen=True, slots=True)
class Release:
    """One package: an ident on one target, the channels that it is promoted to, and whether it is made private."""

    ident: PackageIdent
    target: Target
    deps: tuple[str, ...]
    tdeps: tuple[str, ...]
    build_deps: tuple[str, ...]
    channels: tuple[str, ...]
    private: bool


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """So many packages; `seed` decides about targets, channels and what is private, `prefix` begins the origins."""

    packages: int
    seed: int = 2025
    prefix: str = ""

    @property
    def origins(self) -> dict[str, int]:
        """The origins, and how many packages each has."""
        core = max(round(self.packages * CORE_SHARE), min(self.packages, PAGE_OF_EACH))
        others = max(1, (self.packages - core) // PACKAGES_PER_ORIGIN)
        share, rest = divmod(self.packages - core, others)
        sizes = {CORE: core} | {f"team-{number}": share + (number < rest) for number in range(others)}
        return {self.prefix + name: size for name, size in sizes.items() if size}

    def names(self, origin: str) -> Iterator[list[Release]]:
        """The packages of an origin, name by name, oldest first."""
        rng = random.Random(f"{self.seed}/{origin.removeprefix(self.prefix)}")  # noqa: S311 - the same plan every time
        for position, (name, places) in enumerate(_planned(self.origins[origin], rng).items()):
            is_probe = name == PROBE
            private = position > PAGE_OF_EACH // 2 and rng.random() < PRIVATE_NAMES
            yield [
                Release(
                    PackageIdent(origin, name, version, _release(number)),
                    target,
                    **_dependencies(self.prefix + CORE, name),
                    channels=("stable",) if is_probe else _channels(rng),
                    private=private,
                )
                for version, number, target in places
            ]


def _planned(size: int, rng: random.Random) -> dict[str, list[tuple[str, int, Target]]]:
    """Version, number and target of so many packages by name: every version once, then once more, and so on."""
    places: dict[str, list[tuple[str, int, Target]]] = {}
    first_round = _first_round()
    taken = number = 0
    while taken < size:
        name, version = first_round[number % len(first_round)]
        if number < len(first_round) or name != PROBE:
            targets = [Target.X86_64_LINUX]
            if taken >= PAGE_OF_EACH and rng.random() < OTHER_TARGET:
                targets.append(Target.X86_64_WINDOWS)
            for target in targets[: size - taken]:
                places.setdefault(name, []).append((version, number, target))
                taken += 1
        number += 1
    return places


def _channels(rng: random.Random) -> tuple[str, ...]:
    return tuple(channel for channel, share in zip(CHANNELS, PROMOTED, strict=True) if rng.random() < share)


def _release(number: int) -> str:
    return (FIRST_RELEASE + timedelta(minutes=5 * number)).strftime("%Y%m%d%H%M%S")


@cache
def _first_round() -> list[tuple[str, str]]:
    """Names with their versions: those of the probe, then one of each name (most needed first), and so on."""
    plans = _graph()
    needed = Counter(dep for plan in plans.values() for dep in plan.deps)
    names = sorted(plans, key=lambda name: (name != PROBE, -needed[name], name))
    probe = [(PROBE, version) for version in plans[PROBE].versions[-PAGE_OF_EACH // 2 :]]
    others = [(age, name, version) for name in names[1:] for age, version in enumerate(reversed(plans[name].versions))]
    return probe + [(name, version) for _, name, version in sorted(others, key=lambda other: other[0])]


@cache
def _newest() -> dict[str, str]:
    """`name/version/release` of each name's newest version in the first round, where it comes first."""
    newest: dict[str, str] = {}
    for number, (name, version) in enumerate(_first_round()):
        newest.setdefault(name, f"{name}/{version}/{_release(number)}")
    return newest


@cache
def _dependencies(origin: str, name: str) -> dict[str, tuple[str, ...]]:
    plan = _graph()[name]
    lists = {"deps": plan.deps, "tdeps": sorted(_closure(name)), "build_deps": plan.build_deps}
    newest = _newest()
    return {kind: tuple(f"{origin}/{newest[dep]}" for dep in names) for kind, names in lists.items()}


@cache
def _closure(name: str) -> frozenset[str]:
    """Every name that it needs at run time; the graph of these has no cycles."""
    direct = _graph()[name].deps
    return frozenset(direct).union(*(_closure(dep) for dep in direct))


@cache
def _graph() -> dict[str, Plan]:
    return {plan.name: plan for plan in generate(GRAPH_SEED)}
