"""Hints that are still to be written: those of a new package with many dependencies (see `hints`).

An upload cannot write thousands of hints. So its transaction adds one row, which holds the names that need hints, and
the state machine of long changes writes them afterwards, in batches. Until then, readers of hints read these rows, too.

Readers read the rows before the hints, and the writer deletes a row after it has written the hints. So a reader finds a
package in one of them.
"""

import time
import zlib
from collections.abc import Iterable, Iterator
from datetime import timedelta

from chalicelib.catalog import name_rows, package_rows
from chalicelib.catalog.long_changes import long_change_motor
from chalicelib.catalog.name_rows import NameRow
from chalicelib.catalog.package_rows import DependentRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.long_change import LongChangeKind
from chalicelib.core.target import Target
from chalicelib.platform.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change, update_if
from chalicelib.platform.clock import moment_of, now
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import BATCH_WRITE_LIMIT, StoreUnavailable, delete_many, put_many, read, rows

Name = tuple[str, str]
"""An origin and a name in it."""

WRITTEN_AT_ONCE = 20 * BATCH_WRITE_LIMIT
"""The number of hints after which the writer stores its progress."""

READ_AT_MOST = 500
BYTES_READ_AT_MOST = 8_000_000
"""The number of rows, and of bytes in them, that a reader reads. There are as many only if they are not written."""


class PendingHintsRow(Row):
    """A new package whose hints are still to be written, sorted by the id of the package.

    `names` are the names that it needs, compressed. `written` is the number of hints that are written already.
    """

    ident = UnicodeAttribute()
    names = BinaryAttribute(legacy_encoding=False)
    written = NumberAttribute(default=0)

    @property
    def needed(self) -> list[str]:
        """The names as `origin/name`, in ascending order."""
        return zlib.decompress(self.names).decode().split("\n")


def pending_partition(target: Target) -> str:
    """Partition of the packages of a target whose hints are still to be written."""
    return partition("PENDING-HINTS", str(target))


def pending_key(target: Target, package_id: int) -> Key[PendingHintsRow]:
    """Key of the hints of a package that are still to be written."""
    return Key(PendingHintsRow, pending_partition(target), f"{package_id:019d}")


def add(change: Change, ident: PackageIdent, target: Target, package_id: int, needed: Iterable[Name]) -> None:
    """Let the hints of a new package be written later, as part of its transaction."""
    key = pending_key(target, package_id)
    names = zlib.compress("\n".join("/".join(name) for name in sorted(needed)).encode(), 6)
    change.put(PendingHintsRow(key.pk, key.sk, ident=str(ident), names=names))


def start(origin: str, target: Target, package_id: int) -> None:
    """Start the execution that writes the hints of a package. A scheduled function starts it again if it is lost."""
    long_change_motor.start(LongChangeKind.HINTS, origin, f"{target}-{package_id}")


def dependents(needed: Name, target: Target) -> list[str]:
    """Return the names (`origin/name`) whose pending hints say that they need a name, in ascending order.

    One Query, of no rows as a rule. Call it before the hints are read. Raises StoreUnavailable if there are too many
    rows.
    """
    wanted, found, size = "/".join(needed), set(), 0
    for number, row in enumerate(rows(PendingHintsRow, pending_partition(target))):
        size += len(row.names)
        if number >= READ_AT_MOST or size > BYTES_READ_AT_MOST:
            raise StoreUnavailable
        if wanted in row.needed:
            ident = PackageIdent.parse(row.ident)
            found.add(f"{ident.origin}/{ident.name}")
    return sorted(found)


def resume(identifier: str, seconds: float) -> bool:
    """Write the hints of a package (`<target>-<id>`) for about `seconds`. Returns whether all are written.

    May be repeated and interrupted. A package that has been deleted needs no hints.
    """
    deadline = time.monotonic() + seconds
    target, _, package_id = identifier.rpartition("-")
    key = pending_key(Target(target), int(package_id))
    row = read(key)
    if row is None:
        return True
    ident, needed = PackageIdent.parse(row.ident), row.needed
    if not _exists(ident, Target(target), int(package_id)):
        _forget(key, ident)
        return True
    for first in range(int(row.written), len(needed), WRITTEN_AT_ONCE):
        if first > row.written and time.monotonic() > deadline:
            return False
        batch = needed[first : first + WRITTEN_AT_ONCE]
        put_many(hints_of(ident, Target(target), (_name(each) for each in batch)))
        if update_if(key, PendingHintsRow.pk.exists(), [PendingHintsRow.written.set(first + len(batch))]) is None:
            return True
    delete_many([key])
    return True


def hints_of(ident: PackageIdent, target: Target, needed: Iterable[Name]) -> list[DependentRow]:
    """Return the hints that lead to a package from the names that it needs."""
    keys = [package_rows.dependent_key(name, target, ident.origin, ident.name) for name in needed]
    return [DependentRow(key.pk, key.sk) for key in keys]


def older_than(target: Target, seconds: float) -> Iterator[PendingHintsRow]:
    """Yield the rows of a target that are older than some seconds, without the names."""
    for row in rows(PendingHintsRow, pending_partition(target), only=["pk", "sk", "ident"]):
        if moment_of(int(row.sk)) > now() - timedelta(seconds=seconds):
            return
        yield row


def _exists(ident: PackageIdent, target: Target, package_id: int) -> bool:
    row = read(package_rows.package_key(ident, target))
    return row is not None and int(row.id) == package_id


def _forget(key: Key[PendingHintsRow], ident: PackageIdent) -> None:
    """Delete the row of a package that has been deleted, whose hints are not written.

    An upload may have read the package before, and take a missing row for written hints. The new epoch of the name
    makes it decide again.
    """
    name_key = name_rows.name_key(ident.origin, ident.name)
    try:
        with Change() as change:
            name_rows.renew_epoch(change, name_key)
            change.update(name_key, [], NameRow.pk.exists(), otherwise=_NameMissing())
            change.delete(key)
    except _NameMissing:
        delete_many([key])


class _NameMissing(Exception):
    """The origin of the package was deleted."""


def _name(text: str) -> Name:
    origin, _, name = text.partition("/")
    return origin, name
