"""Tidying up what interruptions left: objects without a row, expired uploads, channels under deletion (design.md 5).

Runs on a schedule, bounded by time and number; the bucket is gone through in pages, over as many runs as it takes.
Every run may die anywhere and be repeated. An object is removed when it is older than a day and no row has named it
for a while: every upload has an object of its own (`artifacts.key_of`), so what nobody names after a day is never named
again, and links to what was replaced lately have run out.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import PackageRow, TextsRow
from chalicelib.channels import service as channels
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target, TargetUnknown
from chalicelib.packages import artifacts
from chalicelib.platform import logs
from chalicelib.platform.table import Found, Key, read_many
from chalicelib.scheduled import sweep_rows as sweep_store
from chalicelib.uploads import leftovers

GRACE = timedelta(days=1)
LINKS_LIVE = timedelta(minutes=30)
OBJECTS_PER_RUN = 50_000
ROWS_AT_ONCE = 50
"""Rows of packages hold up to 400 KB, and a call gives 16 MB."""

IDENT_PARTS = 4

R = TypeVar("R", PackageRow, TextsRow)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a run did."""

    channels: int
    uploads: int
    objects: int
    looked_at: int


def sweep(seconds: float) -> Swept:
    """One run, of about so many seconds at most. Raises ObjectStoreFailed, StoreUnavailable; the next run goes on."""
    enough = _deadline(seconds)
    finished = channels.finish_deletions(enough)
    expired = leftovers.remove_expired(enough)
    removed, looked_at = _sweep_objects(enough)
    swept = Swept(finished, expired, removed, looked_at)
    logs.logger().info("swept", extra=asdict(swept))
    return swept


def _deadline(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _sweep_objects(enough: Callable[[], bool]) -> tuple[int, int]:
    """How many objects were removed, and how many looked at."""
    removed = looked_at = 0
    after = sweep_store.position()
    while looked_at < OBJECTS_PER_RUN and not enough():
        page = artifacts.stored_behind(after)
        old = [each for each in page if each.since < datetime.now(UTC) - GRACE]
        for first in range(0, len(old), ROWS_AT_ONCE):
            removed += _remove_unnamed([each.key for each in old[first : first + ROWS_AT_ONCE]])
        looked_at += len(page)
        after = page[-1].key if page else ""
        sweep_store.go_on_behind(after)
        if not page:
            break
    return removed, looked_at


def _remove_unnamed(keys: list[str]) -> int:
    owners = {key: owner for key in keys if (owner := owner_of(key)) is not None}
    found = read_many(list(owners.values()))
    unnamed = [key for key, owner in owners.items() if not _names(found, owner, key)]
    since, now = sweep_store.unnamed_since(unnamed), time.time()
    over = [key for key in since if since[key] <= now - LINKS_LIVE.total_seconds()]
    for key in over:
        artifacts.remove(key)
    sweep_store.forget_unnamed(over)
    sweep_store.note_unnamed(key for key in unnamed if key not in since)
    return len(over)


def _names(found: Found, owner: Key[Any], key: str) -> bool:
    row = found.get(owner)
    return row is not None and row.artifact == key


def owner_of(key: str) -> Key[PackageRow] | Key[TextsRow] | None:
    """The row that would name an object; None for what is neither an archive nor long texts, which is left alone."""
    folder, _, name = key.rpartition("/")
    if name.endswith(".hart"):
        return _place(folder, package_rows.package_key)
    prefix, _, rest = key.partition("/")
    return _place(rest, package_rows.texts_key) if prefix == "texts" else None


def _place(folder: str, row_of: Callable[[PackageIdent, Target], Key[R]]) -> Key[R] | None:
    """`folder` is ident, target and upload id (`artifacts.key_of`)."""
    parts = folder.split("/")
    try:
        target = Target.parse("-".join(parts[IDENT_PARTS:-1]))
    except TargetUnknown:
        return None
    return row_of(PackageIdent(*parts[:IDENT_PARTS]), target)
