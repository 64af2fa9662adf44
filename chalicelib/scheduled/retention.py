"""Application of all retention policies, for a limited time per run (app.py: `apply_retention`).

The origins that have waited longest are first, so that a large origin does not delay the others. A pass over an origin
may take several runs: the policy's row stores the name after which the next run continues. Two runs at the same time
are safe; they only do some work twice.
"""

import time
from contextlib import suppress
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.catalog.name_rows import NameRow
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.platform import logs
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.failures import Failures
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.platform.table import StoreUnavailable, rows
from chalicelib.retention import rows as policy_rows
from chalicelib.retention.errors import PolicyGone
from chalicelib.retention.removal import Run, is_undecided, judge_name, names, remove
from chalicelib.retention.rows import PolicyRow

PAUSE = timedelta(hours=20)
"""The time between two passes over an origin."""

NAMES_PER_NOTE = 50


class RetentionResult(Struct, frozen=True):
    """The numbers of finished passes, removed packages, and names or origins that failed in one run."""

    finished: int
    removed: int
    failed: int


class _Run(Struct):
    """The numbers of a run so far, and its end."""

    deadline: float
    failures: Failures
    finished: int = 0
    removed: int = 0

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.deadline


def apply_policies(seconds: float) -> RetentionResult:
    """Continue where earlier runs stopped, for `seconds`. Safe to interrupt and to repeat.

    A name or an origin that fails with any error is logged and skipped. The next pass tries it again.
    """
    run = _Run(time.monotonic() + seconds, Failures())
    due_since = timestamp(now() - PAUSE)
    for row in sorted(rows(PolicyRow, policy_rows.POLICIES), key=lambda each: each.begun_at or ""):
        if run.is_over:
            break
        if row.cursor is None and row.finished_at is not None and row.finished_at > due_since:
            continue
        with run.failures.skipped(), suppress(PolicyGone):
            _continue_pass(row, run)
    result = RetentionResult(run.finished, run.removed, run.failures.number)
    logs.logger().info("retention applied", extra=asdict(result))
    return result


def _continue_pass(row: PolicyRow, run: _Run) -> None:
    """Remove packages until the pass is finished or the run is over, and store the progress.

    Raises PolicyGone, and the errors that concern all names: StoreUnavailable, ObjectStoreFailed.
    """
    policy_rows.note_begun(row, timestamp(now()))
    by = Session(int(row.set_by_id), row.set_by, SessionFlags(0))
    applied = Run(row.origin, row.policy, by, int(row.revision), explains=False)
    removed, cursor = 0 if row.cursor is None else int(row.removed), row.cursor or ""
    for number, name in enumerate(names(applied, cursor), start=1):
        of_name, is_complete = _apply_to(name, applied, run, is_first=number == 1)
        removed += of_name
        cursor = name.sk if is_complete else cursor
        is_over = not is_complete or run.is_over
        if is_over or number % NAMES_PER_NOTE == 0:
            policy_rows.note_progress(row, removed, cursor)
        if is_over:
            return
    policy_rows.note_finished(row, removed, timestamp(now()))
    run.finished += 1


def _apply_to(name: NameRow, applied: Run, run: _Run, is_first: bool) -> tuple[int, bool]:
    """Return the number of packages that were removed from a name, and False if the run ended before all were.

    A name whose dependents could not all be read is judged again by the next run, unless it was the first of this one.
    """
    with run.failures.skipped(unless=(PolicyGone, ObjectStoreFailed, StoreUnavailable)):
        judged = judge_name(applied, name, lambda: run.is_over)
        if is_undecided(judged) and not is_first:
            return 0, False
        result = remove(applied, judged, lambda: run.is_over)
        removed = sum(not package.is_kept for package in result)
        run.removed += removed
        return removed, len(result) == len(judged)
    return 0, True
