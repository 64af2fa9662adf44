"""An upload in parts as the Builder tells it (docs/CLI.md; our addition `POST /v1/depot/uploads`), and what is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bldr.answers import text
from bldr.errors import AnswerMalformed


@dataclass(frozen=True, slots=True)
class Piece:
    """Which bytes of an archive a part holds."""

    number: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class PartUpload:
    """How far an upload is: the sizes of received parts, and URLs of the next missing ones, by number."""

    id: str
    state: str
    size: int
    part_size: int
    received: Mapping[int, int]
    urls: Mapping[int, str]

    @classmethod
    def of(cls, answer: Any, size: int) -> "PartUpload":
        """An upload of an archive with so many bytes. Raises AnswerMalformed."""
        try:
            found = cls(
                text(answer["upload_id"]),
                text(answer["state"]),
                size,
                int(answer["part_size"]),
                {int(part["number"]): int(part["size"]) for part in answer["received"]},
                {int(part["number"]): text(part["url"]) for part in answer["parts"]},
            )
        except (KeyError, TypeError, ValueError):
            raise AnswerMalformed("the Builder's answer holds no well-formed upload") from None
        if found.part_size < 1 or not all(1 <= number <= found.parts for number in (*found.received, *found.urls)):
            raise AnswerMalformed("the Builder's answer holds parts that the archive does not have")
        return found

    @property
    def parts(self) -> int:
        """How many parts the archive has."""
        return -(-self.size // self.part_size)

    @property
    def takes_parts(self) -> bool:
        """Whether parts are still missing and may be sent."""
        return self.state == "open" and bool(self.urls)

    def piece(self, number: int) -> Piece:
        """The bytes of a part; only the last one is smaller."""
        start = (number - 1) * self.part_size
        return Piece(number, start, min(self.part_size, self.size - start))
