"""Application of all retention policies, for a limited time per run (app.py: `apply_retention`).

The origins that have waited longest are first, so that a large origin does not delay the others. A pass over an origin
may take several runs: the policy's row stores the name after which the next run continues. Two runs at the same time
are safe; they only do some work twice.
"""

import time
from datetime import timedelta

from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.platform import logs
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.platform.table import StoreUnavailable, rows
from chalicelib.retention import rows as policy_rows
from chalicelib.retention.errors import PolicyGone
from chalicelib.retention.removal import Run, names, remove
from chalicelib.retention.rows import PolicyRow

PAUSE = timedelta(hours=20)
"""The time between two passes over an origin."""

NAMES_PER_NOTE = 50


def apply_policies(seconds: float) -> None:
    """Continue where earlier runs stopped, for `seconds`. Safe to interrupt and to repeat."""
    deadline = time.monotonic() + seconds
    due_since = timestamp(now() - PAUSE)
    for row in sorted(rows(PolicyRow, policy_rows.POLICIES), key=lambda each: each.begun_at or ""):
        if time.monotonic() > deadline:
            return
        if row.cursor is None and row.finished_at is not None and row.finished_at > due_since:
            continue
        try:
            _continue_pass(row, deadline)
        except PolicyGone:
            continue
        except (ObjectStoreFailed, StoreUnavailable) as problem:
            logs.unexpected_error(problem)  # The next run continues; the other origins need not wait for it.


def _continue_pass(row: PolicyRow, deadline: float) -> None:
    """Remove packages until the pass is finished or the deadline has passed, and store the progress."""
    by = Session(int(row.set_by_id), row.set_by, SessionFlags(0))
    run = Run(row.origin, row.policy, by, int(row.revision), explains=False)
    removed = 0 if row.cursor is None else int(row.removed)
    policy_rows.note_begun(row, timestamp(now()))
    for number, (name, judged) in enumerate(names(run, row.cursor or ""), start=1):
        removed += sum(not package.is_kept for package in remove(run, judged))
        late = time.monotonic() > deadline
        if late or number % NAMES_PER_NOTE == 0:
            policy_rows.note_progress(row, removed, cursor=name)
        if late:
            return
    policy_rows.note_finished(row, removed, timestamp(now()))
