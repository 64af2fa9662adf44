"""Shapes of events over HTTP (packages.md 11, platform.md 2.3)."""

from msgspec import Struct, field

from chalicelib.core.ident import PackageIdent


class EventsQuery(Struct):
    """Which events to list. Both dates are required, each under one of its two names."""

    range: int | None = None
    next_range: int | None = field(default=None, name="nextRange")
    from_date: str | None = None
    from_date_alias: str | None = field(default=None, name="fromDate")
    to_date: str | None = None
    to_date_alias: str | None = field(default=None, name="toDate")
    channel: str = ""
    query: str = ""

    @property
    def start(self) -> int:
        """The number of the first row."""
        requested = self.next_range if self.range is None else self.range
        return 0 if requested is None else requested

    @property
    def first_day(self) -> str | None:
        """The text of the first day, or None if it was not sent."""
        return self.from_date_alias if self.from_date is None else self.from_date

    @property
    def last_day(self) -> str | None:
        """The text of the last day, or None if it was not sent."""
        return self.to_date_alias if self.to_date is None else self.to_date


class Event(Struct):
    """A promotion or demotion of one package (`Promote`, `Demote`)."""

    operation: str
    created_at: str
    origin: str
    channel: str
    package_ident: PackageIdent
