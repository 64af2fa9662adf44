"""The numbers of packages of the names that a search finds, without reading a row for each of very many names."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from msgspec import Struct

from chalicelib.catalog import name_rows
from chalicelib.catalog.name_rows import NameRow
from chalicelib.core.search.name_index import NameIndex
from chalicelib.core.search.name_table import Name
from chalicelib.identity.access import VisibleOrigins
from chalicelib.platform.table import read_many, rows

NAMES = 50
"""The number of names whose rows are read by their keys, one unit each."""

NAMES_IN_A_ROW = 1_000
"""The number of neighbouring visible names of one origin that are read instead, about 30 per unit."""

NAMES_READ = 2 * NAMES_IN_A_ROW
"""The number of rows that are read for these, because other names may be between them."""

_ATTRIBUTES = ["packages", "public_packages"]


class Counted(Struct, frozen=True):
    """A name and the number of its packages that the caller may see. `hidden` is the number of the others."""

    origin: str
    name: str
    packages: int
    hidden: int
    member: bool


def of(index: NameIndex, found: list[Name], visible: VisibleOrigins) -> list[Counted]:
    """Return names with the numbers of their visible packages, in their order. At most one call.

    Of more than NAMES names, only the first NAMES are counted, or more names of the first origin if they are close to
    each other. Names without visible packages are left out.
    """
    if not found:
        return []
    stored = _by_range(index, found, visible) if len(found) > NAMES else None
    if stored is None:
        stored = _by_key(found[:NAMES])
    return list(_counted(found, stored, visible))


def _by_key(found: list[Name]) -> dict[Name, NameRow]:
    keys = {name: name_rows.name_key(name[1], name[0]) for name in found}
    read = read_many(list(keys.values()), only=_ATTRIBUTES)
    stored = {name: read.get(key) for name, key in keys.items()}
    return {name: row for name, row in stored.items() if row is not None}


def _by_range(index: NameIndex, found: list[Name], visible: VisibleOrigins) -> dict[Name, NameRow] | None:
    """Return the rows of names of the first origin, or None if reading by keys finds as many."""
    origin = found[0][1]
    wanted = sorted(name for name, each in found if each == origin)
    neighbours = sorted(index.of_origin(origin, visible.reaches))
    first = bisect_left(neighbours, wanted[0])
    last = neighbours[first : first + NAMES_IN_A_ROW][-1]
    wanted = wanted[: bisect_right(wanted, last)]
    if len(wanted) <= NAMES:
        return None
    partition = name_rows.names_partition(origin)
    read = rows(NameRow, partition, between=(wanted[0], wanted[-1]), limit=NAMES_READ, only=["sk", *_ATTRIBUTES])
    return {(row.sk, origin): row for row in read}


def _counted(found: list[Name], stored: dict[Name, NameRow], visible: VisibleOrigins) -> Iterator[Counted]:
    for name, origin in found:
        row = stored.get((name, origin))
        if row is not None:
            member = visible.reaches(origin)
            shown = int(row.packages if member else row.public_packages)
            if shown:
                yield Counted(origin, name, shown, int(row.packages) - shown, member)
