"""Applying all retention policies, a bounded while at a time (app.py: `apply_retention`).

Policies whose turn is longest ago come first, so that a large origin cannot keep the others waiting. A pass over an
origin may take several runs: its row keeps the name to go on behind. Running twice at once costs only time.
"""

import time
from datetime import timedelta

from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.platform import logs
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.platform.table import StoreUnavailable, rows
from chalicelib.retention import rows as store
from chalicelib.retention.errors import PolicyGone
from chalicelib.retention.removal import Run, names, remove
from chalicelib.retention.rows import PolicyRow

PAUSE = timedelta(hours=20)
"""An origin whose pass is finished waits so long for the next."""

NAMES_PER_NOTE = 50


def apply_policies(seconds: float) -> None:
    """Go on where earlier runs stopped, for so many seconds; safe to interrupt and to repeat."""
    deadline = time.monotonic() + seconds
    rested = timestamp(now() - PAUSE)
    for row in sorted(rows(PolicyRow, store.POLICIES), key=lambda each: each.begun_at or ""):
        if time.monotonic() > deadline:
            return
        if row.cursor is None and row.finished_at is not None and row.finished_at > rested:
            continue
        try:
            _go_on(row, deadline)
        except PolicyGone:
            continue
        except (ObjectStoreFailed, StoreUnavailable) as problem:
            logs.unexpected_error(problem)  # the next run goes on; others need not wait for it


def _go_on(row: PolicyRow, deadline: float) -> None:
    setter = Session(int(row.set_by_id), row.set_by, SessionFlags(0))
    run = Run(row.origin, row.policy, setter, int(row.revision), explains=False)
    removed = 0 if row.cursor is None else int(row.removed)
    store.note_begun(row, timestamp(now()))
    for number, (name, judged) in enumerate(names(run, row.cursor or ""), start=1):
        removed += sum(verdict.kept_by is None for _, verdict in remove(run, judged))
        late = time.monotonic() > deadline
        if late or number % NAMES_PER_NOTE == 0:
            store.note_progress(row, removed, cursor=name)
        if late:
            return
    store.note_finished(row, removed, timestamp(now()))
