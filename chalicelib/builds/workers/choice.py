"""Which waiting job a worker gets: the origin with the fewest running jobs first (builds.md 15). Pure."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from chalicelib.builds.rows import ORIGIN_SLOT, OWN_SLOT, TARGET_SLOT

ORIGINS_COMPARED = 8
"""Number of origins with equally many running jobs whose oldest waiting jobs are compared."""


class Slots(Struct, frozen=True):
    """The numbers of the slots of a target that running jobs occupy, and those of each origin."""

    target: frozenset[int]
    by_origin: dict[str, frozenset[int]]

    @classmethod
    def of(cls, sort_keys: Iterable[str]) -> "Slots":
        """Return the slots with these sort keys."""
        target: set[int] = set()
        by_origin: dict[str, set[int]] = {}
        for sort_key in sort_keys:
            if sort_key.startswith(TARGET_SLOT):
                target.add(int(sort_key.removeprefix(TARGET_SLOT)))
            elif sort_key.startswith((ORIGIN_SLOT, OWN_SLOT)):
                origin, _, number = sort_key.partition("#")[2].rpartition("#")
                by_origin.setdefault(origin, set()).add(int(number))
        return cls(frozenset(target), {origin: frozenset(numbers) for origin, numbers in by_origin.items()})

    def running(self, origin: str) -> int:
        """Return how many jobs of an origin run."""
        return len(self.of_origin(origin))

    def of_origin(self, origin: str) -> frozenset[int]:
        """Return the slots that an origin occupies."""
        return self.by_origin.get(origin, frozenset())


def free_number(taken: frozenset[int], limit: int) -> int | None:
    """Return any number below the limit that is not taken, so that parallel claims rarely choose the same; or None."""
    free = [number for number in range(limit) if number not in taken]
    return random.choice(free) if free else None  # noqa: S311 - spreads parallel claims, and is not a secret


def in_turn(origins: Iterable[str], slots: Slots, jobs_per_origin: int) -> Iterator[list[str]]:
    """Yield the origins that may run another job, in groups: those with the fewest running jobs first.

    All origins of a group run equally many jobs; a group has ORIGINS_COMPARED origins at most. Parallel claims get
    the origins of equal rank in different orders.
    """
    running = Counter({origin: slots.running(origin) for origin in origins})
    allowed = [origin for origin, number in running.items() if number < jobs_per_origin]
    random.shuffle(allowed)
    for _, equal in groupby(sorted(allowed, key=running.__getitem__), key=running.__getitem__):
        rest = list(equal)
        while rest:
            yield rest[:ORIGINS_COMPARED]
            rest = rest[ORIGINS_COMPARED:]
