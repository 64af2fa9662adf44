"""Rows of the counted lists of an origin: the log of changes, and an index per list.

Each transaction that changes lists inserts one row into the log, so that writers do not meet. The index of a list holds
its counted blocks (`core/lists/list_blocks.py`) and says which changes of the log it includes.
"""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from chalicelib.core.shown import Shown
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition

IDENTS, NAMES, SETTINGS = "idents", "names", "settings"
_CHANNEL = "channel/"
_ID_DIGITS = 19
_SHOWN = tuple(Shown)


class EntryChange(Struct, frozen=True):
    """The change of one entry of a list.

    `list` is IDENTS, NAMES, SETTINGS or a `channel_list`. `key` is the sort key of the row that the list shows.
    """

    list: str
    key: str
    before: Shown
    after: Shown


class ListChangeRow(Row):
    """What one transaction changed in the lists of an origin. The sort key is an id in 19 digits, in order of time."""

    changes = UnicodeAttribute()

    @property
    def id(self) -> int:
        """The id of the change."""
        return int(self.sk)

    @property
    def entries(self) -> Iterator[EntryChange]:
        """The changes of entries."""
        return (EntryChange(*each) for each in self._stored())

    def entries_of(self, name: str) -> list[EntryChange]:
        """Return the changes of the entries of one list."""
        return [EntryChange(*each) for each in self._stored() if each[0] == name]

    def _stored(self) -> Iterator[tuple[str, str, Shown, Shown]]:
        stored = iter(msgspec.json.decode(self.changes))
        return (
            (name, key, _SHOWN[before], _SHOWN[after]) for name, key, before, after in zip(*[stored] * 4, strict=True)
        )


class ListIndexRow(Row):
    """The counted blocks of a list (the sort key), and the changes that they include. Each write sets a new version."""

    version = NumberAttribute()
    blocks = BinaryAttribute(legacy_encoding=False)
    included = BinaryAttribute(legacy_encoding=False)
    paused_until = NumberAttribute(default=0)


def channel_list(channel: str) -> str:
    """Return the list of the packages in a channel. Its keys are the sort keys of `MembershipRow`."""
    return _CHANNEL + channel


def channel_of(name: str) -> str | None:
    """Return the channel of a list, or None for the other lists."""
    return name[len(_CHANNEL) :] if name.startswith(_CHANNEL) else None


def changes_partition(origin: str) -> str:
    """Partition of the log of an origin's list changes."""
    return partition("LIST-CHANGES", origin)


def change_key(origin: str, identifier: int) -> Key[ListChangeRow]:
    """Key of a change in the log."""
    return Key(ListChangeRow, changes_partition(origin), change_sort_key(identifier))


def change_sort_key(identifier: int) -> str:
    """Return the sort key of a change: the id in 19 digits."""
    return str(identifier).zfill(_ID_DIGITS)


def index_partition(origin: str) -> str:
    """Partition of the indexes of an origin's lists."""
    return partition("LIST-INDEX", origin)


def index_key(origin: str, name: str) -> Key[ListIndexRow]:
    """Key of the index of a list."""
    return Key(ListIndexRow, index_partition(origin), name)


def stored_changes(entries: list[EntryChange]) -> str:
    """Return the changes of entries as a row of the log stores them."""
    flat = [part for each in entries for part in (each.list, each.key, int(each.before), int(each.after))]
    return msgspec.json.encode(flat).decode()
