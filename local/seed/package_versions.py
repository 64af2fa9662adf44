"""Package versions: mostly dotted numbers, and other formats that real packages use."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

from local.seed.seeded_random import SeededRandom

MAX_VERSIONS = 56
_VERSION_COUNTS = [(23, 1), (46, 2), (63, 3), (75, 4), (82, 5), (87, 6), (90, 7), (92, 8), (94, 9), (95, 10), (96, 12)]
"""Cumulative percentages of packages with at most so many versions. The other 4% have 13 to 33."""

_OTHER_FORMAT_INTERVAL = 20
"""One package in 20 has versions that are not dotted numbers."""

_FORMATS = [
    "v{major}.{minor}.{count}",
    "{major}.{minor}.{epoch}{letter}",
    "{major}u{count}1",
    "{major}.{build}-{count}",
    "0+bzr{build}",
    "{major}.{minor}.9-{count}",
    "{major}.{minor}p{count}",
    "{major}.0.0-rc{count}",
    "{major}.0.{count}+{minor}",
    "{year}{letter}",
    "R{count}B03-{minor}",
    "{major}.{minor}.0-beta.{count}",
    "{day}T00-{minor}4-24Z",
    "{day}",
    "master",
]


def package_versions(count: int, rng: SeededRandom) -> list[tuple[str, ...]]:
    """Return the versions of `count` packages, oldest first and without duplicates. One package has 56 versions."""
    sizes = rng.shuffled([_size(number * 100 // count, rng) for number in range(count)])
    sizes[longest := count * 2 // 3] = MAX_VERSIONS
    return [
        tuple(dict.fromkeys(islice(_history(number, number == longest, rng), size)))
        for number, size in enumerate(sizes)
    ]


def _size(percent: int, rng: SeededRandom) -> int:
    return next((size for end, size in _VERSION_COUNTS if percent < end), 13 + rng.below(21))


def _history(number: int, is_longest: bool, rng: SeededRandom) -> Iterator[str]:
    turn, remainder = divmod(number, _OTHER_FORMAT_INTERVAL)
    return _dotted(rng) if remainder or is_longest else _formatted(_FORMATS[turn % len(_FORMATS)], rng)


def _dotted(rng: SeededRandom) -> Iterator[str]:
    """Yield versions of one to four numbers. Usually the last number increases."""
    length = rng.weighted([(84, 3), (12, 2), (3, 4), (1, 1)])
    numbers = [rng.below(12), *(rng.below(9) for _ in range(length - 1))]
    while True:
        yield ".".join(map(str, numbers))
        position = length - 1 if rng.chance(60) else rng.below(length)
        numbers[position] += 1 + rng.below(3)
        numbers[position + 1 :] = [0] * (length - position - 1)


def _formatted(template: str, rng: SeededRandom) -> Iterator[str]:
    """Yield versions in a format, with an increasing counter."""
    major, minor, count = 1 + rng.below(19), rng.below(6), rng.below(9)
    while True:
        yield template.format(
            major=major,
            minor=minor,
            count=count,
            build=100 + 7 * count,
            epoch=count // 26,
            letter=chr(ord("a") + count % 26),
            year=2014 + count // 8,
            day=date(2015, 11, 14) + timedelta(days=23 * count),
        )
        count += 1 + rng.below(5)
