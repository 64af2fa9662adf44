"""The sweep removes what interruptions leave: objects without a row, and expired uploads.

It also removes old changes from the log of names (`name_log_upkeep.py`).

It runs on a schedule, for a limited time and number of objects; several runs together read the whole bucket, page by
page. A run may be interrupted at any point and repeated. An object is deleted when it is older than a day and has had
no row for the lifetime of a signed link. Every upload has its own object (`artifacts.key_of`), so an object that no row
names after a day will never be named again, and signed links to objects that were replaced have expired by then.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import PackageRow, TextsRow
from chalicelib.channels import ended_lists
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target, TargetUnknown
from chalicelib.packages import artifacts
from chalicelib.platform import logs
from chalicelib.platform.failures import Failures
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, read_many
from chalicelib.scheduled import sweep_rows
from chalicelib.scheduled.name_log_upkeep import maintain_name_log
from chalicelib.uploads import leftovers

GRACE = timedelta(days=1)
LINK_LIFE = timedelta(minutes=30)
OBJECTS_PER_RUN = 50_000
ROWS_PER_CALL = 50
"""Rows of packages have up to 400 KB, and a call returns 16 MB."""

IDENT_PARTS = 4

R = TypeVar("R", PackageRow, TextsRow)


class SweepResult(Struct, frozen=True):
    """The numbers of removed uploads, removed and examined objects, and failures of a run.

    What failed is skipped, and tried again by a later run.
    """

    uploads: int
    objects: int
    examined: int
    failed: int


def sweep(seconds: float) -> SweepResult:
    """Carry out one run of about `seconds` at most. An error in one part does not stop the others."""
    enough, failures = _deadline(seconds), Failures()
    expired = 0
    objects = _Objects()
    with failures.skipped():
        ended_lists.remove_all(enough, failures)
    with failures.skipped():
        expired = leftovers.remove_expired(enough, failures)
    with failures.skipped():
        maintain_name_log(enough)
    with failures.skipped():
        _sweep_objects(enough, failures, objects)
    result = SweepResult(expired, objects.removed, objects.examined, failures.number)
    logs.logger().info("swept", extra=asdict(result))
    return result


def _deadline(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


class _Objects(Struct):
    """The numbers of objects of a run so far."""

    removed: int = 0
    examined: int = 0


def _sweep_objects(enough: Callable[[], bool], failures: Failures, objects: _Objects) -> None:
    after = sweep_rows.cursor()
    while objects.examined < OBJECTS_PER_RUN and not enough():
        page = artifacts.stored_after(after)
        old = [each for each in page if each.since < datetime.now(UTC) - GRACE]
        for first in range(0, len(old), ROWS_PER_CALL):
            with failures.skipped():
                _remove_unnamed([each.key for each in old[first : first + ROWS_PER_CALL]], failures, objects)
        objects.examined += len(page)
        after = page[-1].key if page else ""
        sweep_rows.store_cursor(after)
        if not page:
            break


def _remove_unnamed(keys: list[str], failures: Failures, objects: _Objects) -> None:
    owners = {key: owner for key in keys if (owner := owner_of(key)) is not None}
    found = read_many(list(owners.values()))
    unnamed = [key for key, owner in owners.items() if not _is_named(found, owner, key)]
    since, now = sweep_rows.unnamed_since(unnamed), time.time()
    removed = []
    for key in (key for key in since if since[key] <= now - LINK_LIFE.total_seconds()):
        with failures.skipped():
            artifacts.remove(key)
            removed.append(key)
    objects.removed += len(removed)
    sweep_rows.forget_unnamed(removed)
    sweep_rows.note_unnamed(key for key in unnamed if key not in since)


def _is_named(found: Found, owner: Key[Any], key: str) -> bool:
    row = found.get(owner)
    return row is not None and row.artifact == key


def owner_of(key: str) -> Key[PackageRow] | Key[TextsRow] | None:
    """Return the key of the row that would name an object, or None for objects that are not archives or long texts."""
    folder, _, name = key.rpartition("/")
    if name.endswith(".hart"):
        return _row_key(folder, package_rows.package_key)
    prefix, _, rest = key.partition("/")
    return _row_key(rest, package_rows.texts_key) if prefix == "texts" else None


def _row_key(folder: str, key_of: Callable[[PackageIdent, Target], Key[R]]) -> Key[R] | None:
    """Return the key of the row for an object's folder: ident, target and upload id (`artifacts.key_of`)."""
    parts = folder.split("/")
    try:
        target = Target.parse("-".join(parts[IDENT_PARTS:-1]))
    except TargetUnknown:
        return None
    return key_of(PackageIdent(*parts[:IDENT_PARTS]), target)
