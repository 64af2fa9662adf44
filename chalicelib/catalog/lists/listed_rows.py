"""The rows that counted lists show: where the rows of each list are, and to whom they are shown."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from chalicelib.catalog import channel_rows, name_rows, package_rows
from chalicelib.catalog.channel_rows import MembershipRow
from chalicelib.catalog.lists import list_rows
from chalicelib.catalog.name_rows import NameRow, SettingsRow
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.lists.list_blocks import Span
from chalicelib.core.shown import Shown
from chalicelib.core.visibility import Visibility
from chalicelib.platform.attributes import Condition
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import read_many, rows

FIRST_KEY, LAST_KEY = "\x00", "\U0010ffff"
PUBLIC = str(Visibility.PUBLIC)


class ListedRows(Struct, frozen=True):
    """The rows of a list: one partition, in which the sort keys are the keys of the entries."""

    kind: type[Row]
    pk: str
    shown: Callable[[Any], Shown]
    attributes: tuple[str, ...]
    public: Condition
    """Whether everyone sees a row."""

    existing: Condition | None = None
    """Whether a row has an entry, None if all have one."""

    def states(self, span: Span) -> dict[str, Shown]:
        """Return the states of the entries in a range of keys. One call per megabyte of rows."""
        ends = (span.first or FIRST_KEY, span.end or LAST_KEY)
        found = rows(self.kind, self.pk, between=ends, only=["pk", "sk", *self.attributes])
        return {row.sk: self.shown(row) for row in found if row.sk in span}

    def states_of(self, keys: Iterable[str]) -> dict[str, Shown]:
        """Return the states of some entries."""
        wanted = [Key(self.kind, self.pk, key) for key in keys]
        found = read_many(wanted, only=self.attributes)
        return {key.sk: Shown.ABSENT if (row := found.get(key)) is None else self.shown(row) for key in wanted}


def listed_rows(origin: str, name: str) -> ListedRows:
    """Return where the rows of a list are."""
    channel = list_rows.channel_of(name)
    if channel is not None:
        return ListedRows(
            MembershipRow,
            channel_rows.members_partition(origin, channel),
            _visible,
            ("visibility",),
            MembershipRow.visibility == PUBLIC,
        )
    return _LISTS[name](origin)


def _visible(row: MembershipRow | SettingsRow) -> Shown:
    return Shown.entry(exists=True, public=row.visibility == PUBLIC)


def _ident(row: IdentRow) -> Shown:
    return Shown.entry(exists=True, public=bool(row.public))


def _name(row: NameRow) -> Shown:
    return Shown.entry(exists=int(row.idents) > 0, public=int(row.public_idents) > 0)


_LISTS: dict[str, Callable[[str], ListedRows]] = {
    list_rows.IDENTS: lambda origin: ListedRows(
        IdentRow,
        package_rows.idents_partition(origin),
        _ident,
        ("public",),
        IdentRow.public == True,  # noqa: E712 - a condition
    ),
    list_rows.NAMES: lambda origin: ListedRows(
        NameRow,
        name_rows.names_partition(origin),
        _name,
        ("idents", "public_idents"),
        NameRow.public_idents > 0,
        NameRow.idents > 0,
    ),
    list_rows.SETTINGS: lambda origin: ListedRows(
        SettingsRow,
        name_rows.settings_partition(origin),
        _visible,
        ("visibility",),
        SettingsRow.visibility == PUBLIC,
    ),
}
