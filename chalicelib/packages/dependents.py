"""Reverse dependencies of names, found by hints (packages.md sections 2 and 8.1).

A hint says that a name has, or had, a release that needs another name. `hints` writes and deletes them; readers verify
each one, and delete it if an interruption left it behind. Hints that are still to be written count as well
(`pending_hints`).
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import chain, groupby, islice

from msgspec import Struct

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import DependentRow, PackageRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.graph import service
from chalicelib.packages import hints, pending_hints
from chalicelib.platform.table import BATCH_GET_LIMIT, StoreUnavailable, read_many, rows

Sees = Callable[[str, Visibility], bool]
"""Whether a caller may see the packages of an origin that have a visibility, such as `Caller.may_see`."""


def sees_only_public(_origin: str, visibility: Visibility) -> bool:
    """Return True for what everyone may see."""
    return visibility is Visibility.PUBLIC


COUNTED = 100
"""The number of dependents after which `seen_by` stops."""

STANDINGS_AT_ONCE = 10
"""The number of releases of a name whose visibility is read at once. Mostly the first one decides."""

UNNEEDED = 200
"""The number of hints left by interruptions that one request removes. Each takes four calls."""


class Dependents(Struct, frozen=True):
    """What a caller may know of the packages that need a name: those that it may see by name, the others by number."""

    visible: list[str]
    unseen: int = 0
    complete: bool = True

    def __len__(self) -> int:
        return len(self.visible) + self.unseen

    def __str__(self) -> str:
        if not self.unseen:
            return ", ".join(self.visible)
        packages = "package" if self.unseen == 1 else "packages"
        return ", ".join([*self.visible, f"{self.unseen} {packages} that you may not see"])


def of(origin: str, name: str, target: Target) -> Iterator[str]:
    """Yield the other names (`origin/name`, ascending) that have a release for the target that needs this name."""
    for dependent, _ in _releases_by_name(origin, name, target):
        yield dependent


def all_of(origin: str, name: str, target: Target) -> list[str]:
    """Return what `of` yields, with two calls per hundred names instead of one per name.

    The latest release of most names needs this name, and the build graph knows the ident of the latest release.
    """
    hinted = list(_hinted(origin, name, target))
    graph = service.graph_of(target)
    latest = {hint: graph.latest(hint) for hint in hinted}
    keys = {
        hint: package_rows.package_key(PackageIdent.parse(ident), target) for hint, ident in latest.items() if ident
    }
    verified: set[str] = set()
    with_release = list(keys)
    for first in range(0, len(with_release), BATCH_GET_LIMIT):  # not all at once: a row has up to 400 KB
        batch = with_release[first : first + BATCH_GET_LIMIT]
        found = read_many([keys[each] for each in batch], only=["lists"])
        releases = {each: row for each in batch if (row := found.get(keys[each])) is not None}
        verified.update(each for each, row in releases.items() if (origin, name) in hints.needed_names(row))
    others = dict.fromkeys(each for each in hinted if each not in verified)
    verified.update(each for each, _ in _with_releases(origin, name, target, others))
    verified.discard(f"{origin}/{name}")
    return [each for each in hinted if each in verified]


def seen_by(sees: Sees, origin: str, name: str, target: Target) -> Dependents:
    """Return the names that need this name, as a caller may see them.

    A name is visible if one of its releases that need this name is. After COUNTED names the result is incomplete.
    """
    visible: list[str] = []
    unseen = 0
    for dependent, releases in _releases_by_name(origin, name, target):
        if len(visible) + unseen == COUNTED:
            return Dependents(visible, unseen, complete=False)
        if _is_any_seen(sees, releases, target):
            visible.append(dependent)
        else:
            unseen += 1
    return Dependents(visible, unseen)


def release_seen_by(sees: Sees, row: PackageRow, target: Target) -> Dependents:
    """Return a single release as a caller may see it."""
    return Dependents([row.ident]) if _is_any_seen(sees, iter([row]), target) else Dependents([], unseen=1)


def releases(origin: str, name: str, target: Target) -> Iterator[PackageRow]:
    """Yield the releases of other names for the target that need this name."""
    for _, of_dependent in _releases_by_name(origin, name, target):
        yield from of_dependent


def _releases_by_name(origin: str, name: str, target: Target) -> Iterator[tuple[str, Iterator[PackageRow]]]:
    return _with_releases(origin, name, target, _hinted(origin, name, target))


def _hinted(origin: str, name: str, target: Target) -> Iterator[str]:
    """Yield the names that hints lead to, written ones and pending ones, in ascending order.

    The pending ones are read first: their row is deleted after they have been written.
    """
    pending = pending_hints.dependents((origin, name), target)
    written = rows(DependentRow, package_rows.dependents_partition(origin, name, target), keys_only=True)
    yield from (hint for hint, _ in groupby(merge(pending, (hint.sk for hint in written))))


def _with_releases(
    origin: str, name: str, target: Target, hinted: Iterable[str]
) -> Iterator[tuple[str, Iterator[PackageRow]]]:
    """Yield each name of some hints, unless it is this name, with its releases that need this name, newest first.

    Raises StoreUnavailable after UNNEEDED hints that no release needs. They are removed, so a repeat gets further.
    """
    unneeded = 0
    for hint in hinted:
        dependent_origin, _, dependent_name = hint.partition("/")
        if (dependent_origin, dependent_name) == (origin, name):
            continue
        found = hints.releases_that_need((origin, name), dependent_origin, dependent_name, target)
        first = next(found, None)
        if first is None:
            hints.remove_unneeded((origin, name), dependent_origin, dependent_name, target)
            unneeded += 1
            if unneeded == UNNEEDED:
                raise StoreUnavailable
        else:
            yield hint, chain([first], found)


def _is_any_seen(sees: Sees, releases: Iterator[PackageRow], target: Target) -> bool:
    """Return True if a caller may see one of the releases of a name. Their standings are read until one is visible."""
    while idents := [PackageIdent.parse(row.ident) for row in islice(releases, STANDINGS_AT_ONCE)]:
        found = read_many([package_rows.ident_key(ident) for ident in idents])
        for ident in idents:
            row = found.get(package_rows.ident_key(ident))
            placement = None if row is None else Standing.parse(row.standing).placements.get(target)
            if placement is not None and sees(ident.origin, placement.visibility):
                return True
    return False
