"""The full name of a key, `<name>-<revision>`, where the revision is a UTC second (accounts.md 7.1)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_NAMED_REVISION = re.compile(r"(?P<name>.+)-(?P<rev>[0-9]{14})")
_FORMAT = "%Y%m%d%H%M%S"


class NamedRevisionMalformed(ValueError):
    """The text is no `<name>-<14 digits>`, or the digits are no time where one is needed."""


@dataclass(frozen=True, slots=True)
class NamedRevision:
    """Which key of which name; `str()` is the full name. Raises NamedRevisionMalformed for parts that make none."""

    name: str
    revision: str

    def __post_init__(self) -> None:
        match = _NAMED_REVISION.fullmatch(str(self))
        if match is None or match["rev"] != self.revision:
            raise NamedRevisionMalformed(str(self))

    @classmethod
    def parse(cls, text: str) -> "NamedRevision":
        """The name may hold dashes itself: the last 14 digits are the revision. Raises NamedRevisionMalformed."""
        match = _NAMED_REVISION.fullmatch(text)
        if match is None:
            raise NamedRevisionMalformed(text)
        return cls(match["name"], match["rev"])

    def __str__(self) -> str:
        return f"{self.name}-{self.revision}"


def revision_at(moment: datetime) -> str:
    """The revision of a time, which must have a zone: `YYYYMMDDHHMMSS` in UTC, fractions cut off."""
    if moment.tzinfo is None:
        raise ValueError("a revision is a time in UTC; a time without a zone may be anything")
    utc = moment.astimezone(UTC)
    # not strftime: its %Y does not pad years before 1000 on every platform
    return f"{utc.year:04}{utc.month:02}{utc.day:02}{utc.hour:02}{utc.minute:02}{utc.second:02}"


def next_revision(revision: str) -> str:
    """One second later: two keys of a name whose files share a suffix must not share a revision.

    Raises NamedRevisionMalformed when the digits are no time.
    """
    if not re.fullmatch("[0-9]{14}", revision):
        raise NamedRevisionMalformed(revision)
    try:
        return revision_at(datetime.strptime(revision, _FORMAT).replace(tzinfo=UTC) + timedelta(seconds=1))
    except (ValueError, OverflowError):
        raise NamedRevisionMalformed(revision) from None
