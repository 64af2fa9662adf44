"""Versions of packages: mostly dotted numbers, and the other forms that real packages have."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

from local.seed.repeatable import Draw

MOST_VERSIONS = 56
_UP_TO = [(23, 1), (46, 2), (63, 3), (75, 4), (82, 5), (87, 6), (90, 7), (92, 8), (94, 9), (95, 10), (96, 12)]
"""Numbers of versions, each after the percentage of packages that have no more; 4% have 13 to 33."""

_IN_ANOTHER_FORM = 20
"""Every so many packages, one has versions in another form than dotted numbers."""

_FORMS = [
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


def package_versions(count: int, draw: Draw) -> list[tuple[str, ...]]:
    """Return the versions of so many packages, oldest first. Those of one package differ; one package has 56."""
    sizes = draw.shuffled([_size(number * 100 // count, draw) for number in range(count)])
    sizes[longest := count * 2 // 3] = MOST_VERSIONS
    return [
        tuple(dict.fromkeys(islice(_history(number, number == longest, draw), size)))
        for number, size in enumerate(sizes)
    ]


def _size(percent: int, draw: Draw) -> int:
    return next((size for end, size in _UP_TO if percent < end), 13 + draw.below(21))


def _history(number: int, is_longest: bool, draw: Draw) -> Iterator[str]:
    turn, rest = divmod(number, _IN_ANOTHER_FORM)
    return _dotted(draw) if rest or is_longest else _formed(_FORMS[turn % len(_FORMS)], draw)


def _dotted(draw: Draw) -> Iterator[str]:
    """Versions of one to four numbers, of which mostly the last one increases."""
    length = draw.weighted([(84, 3), (12, 2), (3, 4), (1, 1)])
    numbers = [draw.below(12), *(draw.below(9) for _ in range(length - 1))]
    while True:
        yield ".".join(map(str, numbers))
        place = length - 1 if draw.chance(60) else draw.below(length)
        numbers[place] += 1 + draw.below(3)
        numbers[place + 1 :] = [0] * (length - place - 1)


def _formed(form: str, draw: Draw) -> Iterator[str]:
    """Versions with a count that increases."""
    major, minor, count = 1 + draw.below(19), draw.below(6), draw.below(9)
    while True:
        yield form.format(
            major=major,
            minor=minor,
            count=count,
            build=100 + 7 * count,
            epoch=count // 26,
            letter=chr(ord("a") + count % 26),
            year=2014 + count // 8,
            day=date(2015, 11, 14) + timedelta(days=23 * count),
        )
        count += 1 + draw.below(5)
