"""Hints: rows that lead to a name from the names that it needs.

A hint exists as long as a release of the name needs it, although a transaction cannot hold all hints of an upload:
- An upload reads the epoch of the name, then writes the hints. Its transaction requires that the epoch is still the
  same, and sets a new revision. So does the deletion of a package.
- Hints are deleted in a transaction that requires the revision that was read before the remaining releases, and sets a
  new epoch. An upload that relies on these hints is then stale, and writes them again.

An upload with more than PENDING_AFTER new hints writes none before. Its transaction adds a row that names them, and
they are written after it (`pending_hints`). While the row exists, readers find the package by the row. This does not
change the rules above:
- Hints that are written for an existing release stay: who deletes hints has read the revision before the releases. If
  it was read before the upload, the deletion fails, because the upload has set another one; if it was read afterwards,
  the release is among those that need the hints.
- An upload leaves out the hints that the newest release of its name needs, too. It does so only if they existed when it
  read the epoch: not while they are pending.
- If the package is deleted meanwhile, the writer may leave hints that no release needs. If it has not begun, it deletes
  the row and sets a new epoch, because an upload under way may take the missing row for written hints.

An interruption leaves at most hints that no release needs. Readers verify hints, and delete these (`remove_unneeded`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from chalicelib.catalog import name_rows, package_rows
from chalicelib.catalog.name_rows import NameRow
from chalicelib.catalog.package_rows import DependentRow, PackageRow
from chalicelib.catalog.package_texts import PackageLists
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.packages import pending_hints
from chalicelib.packages.pending_hints import Name
from chalicelib.platform.change import TRANSACTION_LIMIT, Change, Stale
from chalicelib.platform.retry_budget import single_try
from chalicelib.platform.row import Key
from chalicelib.platform.table import BATCH_WRITE_LIMIT, StoreUnavailable, put_many, read, rows

PENDING_AFTER = BATCH_WRITE_LIMIT
"""The number of new hints that an upload writes itself: one call."""

ATTEMPTS = 3
"""How often hints are looked up again because another request changed the name."""

RELEASES_READ = 20
"""The number of remaining releases that a deletion reads. If there are more, all its hints stay."""

RELEASES_AT_ONCE = 5
"""A row of a package has up to 400 KB."""

HINTS_REMOVED = 1_000
"""The number of hints that one deletion removes. A reader removes the others."""


class Hinted(Struct, frozen=True):
    """A new package as hints need it.

    - `newest`: the newest release of its name and target, None if there is none or it is not known. Its hints existed
      when the epoch of the name was read.
    """

    ident: PackageIdent
    target: Target
    tdeps: Sequence[PackageIdent]
    newest: PackageRow | None


class Written(Struct, frozen=True):
    """The names whose hints an upload has written, and whether its hints are written after its transaction."""

    names: Sequence[Name] = ()
    is_pending: bool = False


def write(change: Change, package: Hinted, package_id: int) -> Written:
    """Write the hints that lead to a new package, after the epoch of its name was read; or let many be written later.

    `change` is the transaction of the package. It must require that the epoch is the same.
    """
    ident, target = package.ident, package.target
    new = _new_names(ident, package.tdeps, package.newest)
    if len(new) > PENDING_AFTER:
        pending_hints.add(change, ident, target, package_id, new)
        return Written(is_pending=True)
    put_many(pending_hints.hints_of(ident, target, new))
    return Written(new)


def dependent_hints(
    ident: PackageIdent, target: Target, tdeps: Iterable[PackageIdent], newest: PackageRow | None
) -> list[DependentRow]:
    """Return the hints that a release needs, without those that the newest release of its name needs too."""
    return pending_hints.hints_of(ident, target, _new_names(ident, tdeps, newest))


def _new_names(ident: PackageIdent, tdeps: Iterable[PackageIdent], newest: PackageRow | None) -> list[Name]:
    needed = {(dep.origin, dep.name) for dep in tdeps} - {(ident.origin, ident.name)}
    existing = set() if newest is None else needed_names(newest)
    return sorted(needed - existing)


def needed_names(row: PackageRow) -> set[Name]:
    """Return the names of the transitive dependencies of a package."""
    return {(dep[0], dep[1]) for dep in (line.split("/") for line in PackageLists.unpacked(row.lists).tdeps)}


def releases_that_need(needed: Name, origin: str, name: str, target: Target) -> Iterator[PackageRow]:
    """Yield the releases of a name for a target that need another name, newest first."""
    releases = rows(PackageRow, package_rows.releases_partition(origin, name, target), newest_first=True)
    return (row for row in releases if needed in needed_names(row))


def remove_of_deleted(row: PackageRow, ident: PackageIdent, target: Target) -> None:
    """Remove the hints that only a deleted package needed. Optional: a reader removes what remains."""
    _remove_unless_needed(ident, target, needed_names(row))


def remove_of_refused(ident: PackageIdent, target: Target, written: Iterable[Name]) -> None:
    """Remove the hints of an upload that was refused after it had written them. Optional, as above."""
    _remove_unless_needed(ident, target, set(written))


def _remove_unless_needed(ident: PackageIdent, target: Target, names: set[Name]) -> None:
    needed = names - {(ident.origin, ident.name)}
    if not needed:
        return
    with single_try(), suppress(StoreUnavailable):
        _remove(lambda name: _unneeded(ident, target, needed, name), ident.origin, ident.name)


def remove_unneeded(needed: Name, origin: str, name: str, target: Target) -> None:
    """Remove the hint that a name needs another one, unless a release does. Optional: the next reader tries again."""

    def unneeded(_: NameRow | None) -> list[Key[Any]]:
        if next(releases_that_need(needed, origin, name, target), None) is not None:
            return []
        return [package_rows.dependent_key(needed, target, origin, name)]

    with single_try(), suppress(StoreUnavailable):
        _remove(unneeded, origin, name)


def _remove(unneeded: Callable[[NameRow | None], Sequence[Key[Any]]], origin: str, name: str) -> None:
    """Delete the hints that `unneeded` finds, which is called after the revision of the name was read."""
    name_key = name_rows.name_key(origin, name)
    for _ in range(ATTEMPTS):
        row = read(name_key)
        hints = unneeded(row)
        try:
            _delete(hints[:HINTS_REMOVED], name_key, row)
        except Stale:
            continue
        return


def _delete(hints: Sequence[Key[Any]], name_key: Key[NameRow], name: NameRow | None) -> None:
    """Delete hints in transactions that set a new epoch of the name. Raises Stale."""
    at_once = TRANSACTION_LIMIT - 1
    for start in range(0, len(hints), at_once):
        with Change() as change:
            name_rows.renew_epoch(change, name_key)
            change.update(name_key, [], condition=name_rows.is_same_revision(name))
            for hint in hints[start : start + at_once]:
                change.delete(hint)


def _unneeded(ident: PackageIdent, target: Target, needed: set[Name], name: NameRow | None) -> list[Key[Any]]:
    """Return the keys of the hints to `needed` that no remaining release of a name needs."""
    has_idents = name is not None and name.idents > 0
    left = _not_needed_by_remaining(ident, target, needed) if has_idents else needed
    return [package_rows.dependent_key(each, target, ident.origin, ident.name) for each in sorted(left)]


def _not_needed_by_remaining(ident: PackageIdent, target: Target, needed: set[Name]) -> set[Name]:
    """Return the names that no remaining release needs; no names if there are too many releases to find out."""
    left = set(needed)
    partition = package_rows.releases_partition(ident.origin, ident.name, target)
    number = 0
    for row in rows(PackageRow, partition, newest_first=True, limit=RELEASES_READ, page=RELEASES_AT_ONCE):
        number += 1
        left -= needed_names(row)
        if not left:
            break
    return left if number < RELEASES_READ else set()
