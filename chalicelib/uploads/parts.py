"""The division of an archive into parts, and which of them are missing. Pure; sizes in bytes.

The object store takes up to 10,000 parts of at least 5 MiB (except the last) for an object of at most 5 TiB.
"""

from collections.abc import Mapping
from itertools import count, islice, takewhile

from msgspec import Struct

from chalicelib.uploads.errors import PartsMissing, UploadTooLarge

MIB = 1 << 20
SMALLEST_PART = 16 * MIB
PARTS_LIMIT = 10_000
LARGEST_ARCHIVE = 5 << 40
PARTS_NAMED = 10
"""The number of parts that an error's text names."""


class Plan(Struct, frozen=True):
    """How an archive is divided. Without a known size, the client decides which part is the last one."""

    size: int | None
    part_size: int

    @classmethod
    def of(cls, size: int | None) -> "Plan":
        """Return the plan with the smallest parts that the limit on their number allows. Raises UploadTooLarge."""
        if size is not None and size > LARGEST_ARCHIVE:
            raise UploadTooLarge(f"An archive has {LARGEST_ARCHIVE} bytes at most")
        needed = -(-(size or 0) // PARTS_LIMIT)
        return cls(size, max(SMALLEST_PART, -(-needed // MIB) * MIB))

    @property
    def parts(self) -> int:
        """The number of parts, or its limit if the size is unknown."""
        return PARTS_LIMIT if self.size is None else max(1, -(-self.size // self.part_size))

    def missing(self, received: Mapping[int, int], start: int, limit: int) -> list[int]:
        """Return the first `limit` part numbers from `start` that are not among `received` (sizes by number)."""
        numbers = takewhile(lambda number: number <= self.parts, count(max(1, start)))
        return list(islice((number for number in numbers if number not in received), limit))

    def demand_complete(self, received: Mapping[int, int]) -> None:
        """Raise PartsMissing unless all parts are received (sizes by number), and all but the last have full size."""
        last = self.parts if self.size is not None else max(received, default=1)
        missing = [number for number in range(1, last + 1) if number not in received]
        if missing:
            raise PartsMissing(f"Parts are missing: {_listed(missing)}")
        wrong = [number for number in range(1, last) if received[number] != self.part_size]
        if wrong:
            raise PartsMissing(f"Parts do not have {self.part_size} bytes: {_listed(wrong)}")
        total = sum(received.values())
        if self.size is not None and total != self.size:
            raise PartsMissing(f"The parts have {total} bytes together, {self.size} were announced")


def _listed(numbers: list[int]) -> str:
    more = f" and {len(numbers) - PARTS_NAMED} more" if len(numbers) > PARTS_NAMED else ""
    return ", ".join(map(str, numbers[:PARTS_NAMED])) + more
