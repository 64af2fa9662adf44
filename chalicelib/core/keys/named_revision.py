"""The full name of a key, `<name>-<revision>`, where the revision is a UTC second (accounts.md 7.1)."""

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

_NAMED_REVISION = re.compile(r"(?P<name>.+)-(?P<rev>[0-9]{14})")
_FORMAT = "%Y%m%d%H%M%S"


class NamedRevisionMalformed(ValueError):
    """The text is not `<name>-<14 digits>`, or the digits are not a time where one is needed."""


class NamedRevision(Struct, frozen=True):
    """Name and revision of a key; `str()` is the full name. Raises NamedRevisionMalformed if they do not form one."""

    name: str
    revision: str

    def __post_init__(self) -> None:
        match = _NAMED_REVISION.fullmatch(str(self))
        if match is None or match["rev"] != self.revision:
            raise NamedRevisionMalformed(str(self))

    @classmethod
    def parse(cls, text: str) -> "NamedRevision":
        """Return the parts of a full name. The name itself may contain dashes. Raises NamedRevisionMalformed."""
        match = _NAMED_REVISION.fullmatch(text)
        if match is None:
            raise NamedRevisionMalformed(text)
        return cls(match["name"], match["rev"])

    def __str__(self) -> str:
        return f"{self.name}-{self.revision}"


def revision_at(moment: datetime) -> str:
    """Return the revision of a time: `YYYYMMDDHHMMSS` in UTC. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be converted to UTC")
    utc = moment.astimezone(UTC)
    # strftime does not pad years before 1000 on every platform
    return f"{utc.year:04}{utc.month:02}{utc.day:02}{utc.hour:02}{utc.minute:02}{utc.second:02}"


def next_revision(revision: str) -> str:
    """Return the revision one second later. Raises NamedRevisionMalformed if the digits are not a time.

    Two keys of one name whose files have the same suffix need different revisions.
    """
    if not re.fullmatch("[0-9]{14}", revision):
        raise NamedRevisionMalformed(revision)
    try:
        return revision_at(datetime.strptime(revision, _FORMAT).replace(tzinfo=UTC) + timedelta(seconds=1))
    except (ValueError, OverflowError):
        raise NamedRevisionMalformed(revision) from None
