"""How an archive is cut into parts, and what is still missing of it. Pure; sizes in bytes.

The object store takes 10,000 parts of at least 5 MiB (but the last) for an object of at most 5 TiB.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, islice, takewhile

from chalicelib.uploads.errors import PartsMissing, UploadTooLarge

MIB = 1 << 20
SMALLEST_PART = 16 * MIB
PARTS_LIMIT = 10_000
LARGEST_ARCHIVE = 5 << 40
NAMED_AT_MOST = 10
"""So many parts are named in an error's text."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The cut of an archive; without a known size parts are taken until the client says that it was the last."""

    size: int | None
    part_size: int

    @classmethod
    def of(cls, size: int | None) -> "Plan":
        """Parts as small as the limit on their number allows, in whole MiB. Raises UploadTooLarge."""
        if size is not None and size > LARGEST_ARCHIVE:
            raise UploadTooLarge(f"An archive has {LARGEST_ARCHIVE} bytes at most")
        needed = -(-(size or 0) // PARTS_LIMIT)
        return cls(size, max(SMALLEST_PART, -(-needed // MIB) * MIB))

    @property
    def parts(self) -> int:
        """How many parts there are, or may be."""
        return PARTS_LIMIT if self.size is None else max(1, -(-self.size // self.part_size))

    def wanted(self, received: Mapping[int, int], start: int, limit: int) -> list[int]:
        """The next part numbers from `start` that are not there yet; `received` gives sizes by number."""
        numbers = takewhile(lambda number: number <= self.parts, count(max(1, start)))
        return list(islice((number for number in numbers if number not in received), limit))

    def demand_complete(self, received: Mapping[int, int]) -> None:
        """All parts from the first to the last must be there, full but for the last one. Raises PartsMissing."""
        last = self.parts if self.size is not None else max(received, default=1)
        missing = [number for number in range(1, last + 1) if number not in received]
        if missing:
            raise PartsMissing(f"Parts are missing: {_named(missing)}")
        wrong = [number for number in range(1, last) if received[number] != self.part_size]
        if wrong:
            raise PartsMissing(f"Parts do not have {self.part_size} bytes: {_named(wrong)}")
        total = sum(received.values())
        if total != (total if self.size is None else self.size):
            raise PartsMissing(f"The parts have {total} bytes together, {self.size} were announced")


def _named(numbers: list[int]) -> str:
    more = f" and {len(numbers) - NAMED_AT_MOST} more" if len(numbers) > NAMED_AT_MOST else ""
    return ", ".join(map(str, numbers[:NAMED_AT_MOST])) + more
