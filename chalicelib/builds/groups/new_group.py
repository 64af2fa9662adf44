"""The values that describe the creation of a job group: what to create, and what was created."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from chalicelib.builds.groups.requester import Requester
from chalicelib.builds.rows import EntryRow, GroupRow
from chalicelib.core.builds.build_set import Flags
from chalicelib.core.target import Target


class NewGroup(Struct, frozen=True):
    """A group to create.

    If it repeats another one, that is `rebuilds`; the entries follow from `seeds`, and `inherited` are the origins in
    which the other group has built packages. `event` identifies what has caused the request, if that may be repeated.
    """

    root: str
    target: Target
    flags: Flags
    by: Requester
    rebuilds: GroupRow | None = None
    seeds: Collection[str] = ()
    inherited: Collection[str] = ()
    event: str | None = None

    @property
    def origin(self) -> str:
        """The origin of the root."""
        return self.root.partition("/")[0]


class Created(Struct, frozen=True):
    """The group of a request, and its entries if it is new: only the first one if its execution fills it.

    `is_left` is whether the group existed already and an interrupted request may have left it.
    """

    group: GroupRow
    entries: Sequence[EntryRow] = ()
    is_new: bool = True
    is_filled_here: bool = True
    is_left: bool = False
