"""Packages in a channel, written without an origin, and the newest releases that follow from their rows."""

import base64
from dataclasses import dataclass, field
from typing import Any

from chalicelib.catalog import channel_rows, newest_views
from chalicelib.catalog.channel_rows import ChannelRow, MembershipRow, NewestOfAllRow, NewestRow
from chalicelib.catalog.lists import list_changes, list_rows
from chalicelib.catalog.lists.list_rows import EntryChange, ListChangeRow
from chalicelib.channels import newest_of_all
from chalicelib.core.ident import PackageIdent
from chalicelib.core.lists.included_changes import IncludedChanges
from chalicelib.core.newest_names import NewestNames
from chalicelib.core.roles import Role
from chalicelib.core.shown import Shown
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.platform.attributes import Condition
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, put_many, read, read_many
from tests.builders.names import a_name
from tests.builders.rows import partition_rows

LINUX = Target.X86_64_LINUX
CHANNEL = "other"
STATES = {"public": Shown.EVERYONE, "private": Shown.MEMBERS}
Newest = dict[str, str]
"""Version and release of the newest release of each name."""


class ACaller:
    """A caller who is a member of every origin, or of none."""

    def __init__(self, is_member: bool) -> None:
        self._role = Role.MEMBER if is_member else None

    def read_with(self, *keys: Key[Any]) -> Found:
        """Return rows."""
        return read_many(keys)

    def role_in(self, _: str) -> Role | None:
        """Return the role."""
        return self._role

    def settle(self) -> None:
        """Do nothing."""


@dataclass
class NewestChannel:
    """A channel whose packages are their rows in the channel only."""

    origin: str = field(default_factory=lambda: a_name("origin"))

    def __post_init__(self) -> None:
        key = channel_rows.channel_key(self.origin, CHANNEL)
        put_many([ChannelRow(key.pk, key.sk, id=1, owner_id=1, created_at="")])

    def set(self, release: str, shown: Shown, target: Target = LINUX) -> int | None:
        """Add, change or remove `name/version/release` in one transaction. Raises Stale if it changes meanwhile."""
        ident = PackageIdent.parse(f"{self.origin}/{release}")
        key = channel_rows.membership_key(CHANNEL, ident, target)
        row = read(key)
        before = Shown.ABSENT if row is None else STATES[row.visibility]
        unchanged: Condition = MembershipRow.pk.does_not_exist()
        if row is not None:
            unchanged = MembershipRow.visibility == row.visibility
        order = release_key(ident.version, ident.release)
        newest = channel_rows.newest_partition(self.origin, CHANNEL, ident.name, target)
        visibility = "public" if shown is Shown.EVERYONE else "private"
        with Change() as change:
            if shown is Shown.ABSENT:
                change.delete(key, condition=unchanged)
            else:
                fields: dict[str, Any] = {
                    "target": str(target),
                    "created_at": "",
                    "updated_at": "",
                    "visibility": visibility,
                }
                change.put(MembershipRow(key.pk, key.sk, ident=str(ident), **fields), condition=unchanged)
            if order is not None and shown is Shown.ABSENT:
                change.delete(Key(NewestRow, newest, order))
            elif order is not None:
                change.put(NewestRow(newest, order, ident=str(ident), visibility=visibility))
            entry = EntryChange(list_rows.channel_list(CHANNEL), key.sk, before, shown)
            return list_changes.add(change, self.origin, [entry])

    def try_to_set(self, release: str, shown: Shown) -> None:
        """Like `set`, but without an error if the release changes meanwhile."""
        try:
            self.set(release, shown)
        except Stale:
            return

    def read(self, seen_by: Shown, target: Target = LINUX) -> Newest:
        """Return the newest releases as a request finds them."""
        caller: Any = ACaller(seen_by is Shown.MEMBERS)
        idents = newest_of_all.idents(self.origin, CHANNEL, target, caller)
        return {ident.name: f"{ident.version}/{ident.release}" for ident in idents}

    @property
    def truth(self) -> dict[Shown, Newest]:
        """The newest releases for members and for everyone, from the rows."""
        releases = []
        for sk, row in partition_rows(channel_rows.members_partition(self.origin, CHANNEL)).items():
            path, _, target = sk.partition("\x1f")
            if target == LINUX:
                releases.append((path, STATES[row["visibility"]]))
        result: dict[Shown, Newest] = {}
        for seen_by in (Shown.MEMBERS, Shown.EVERYONE):
            orders: dict[str, tuple[str, str]] = {}
            for path, shown in releases:
                name, version, release = path.split("/")
                order = release_key(version, release)
                if shown >= seen_by and order is not None:
                    orders[name] = max(orders.get(name, ("", "")), (order, f"{version}/{release}"))
            result[seen_by] = {name: path for name, (_, path) in orders.items()}
        return result

    @property
    def stored(self) -> NewestNames | None:
        """The newest releases that follow from the view and the log at this moment, None without a view."""
        view = self.stored_view
        if view is None or view.content is None:
            return None
        names, included = newest_views.unpacked(view)
        changes = [
            (int(sk), entry)
            for sk, row in partition_rows(list_rows.changes_partition(self.origin)).items()
            for entry in ListChangeRow("", sk, changes=row["changes"]).entries
            if entry.key.endswith(f"\x1f{LINUX}")
        ]
        newest_views.include(names, included, changes)
        return names

    @property
    def stored_view(self) -> NewestOfAllRow | None:
        """The row of the view."""
        key = channel_rows.newest_of_all_key(self.origin, CHANNEL, LINUX)
        row = partition_rows(key.pk).get(key.sk)
        if row is None:
            return None
        content, included = (_bytes(row.get(name)) for name in ("content", "included"))
        assert included is not None
        IncludedChanges.unpacked(included)
        numbers: dict[str, Any] = {name: int(row.get(name, 0)) for name in ("version", "made_at", "paused_until")}
        return NewestOfAllRow(key.pk, key.sk, content=content, included=included, **numbers)


def _bytes(value: Any) -> bytes | None:
    return base64.b64decode(value) if isinstance(value, str) else value
