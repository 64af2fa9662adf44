"""Long changes: what a request has begun, and continues in steps until it is complete, however long that takes.

The rows are the truth. The worker of a change *holds* it: each of its transactions renews the hold and stores the
progress, on condition that no other worker has taken the hold. Several workers may exist, such as a repeated request
and an execution of the state machine: one works, and the others wait for it. If a worker dies, its hold ends after
LEASE_SECONDS, and another worker continues at the stored progress.

- `add` begins a change as part of a transaction. Its process holds it.
- `work` works on a change for a limited time, or waits for another worker.
- The state machine (`catalog/long_changes/long_change_motor.py`) calls `work` until the change has ended.

An unexpected error ends an attempt of a worker. After ATTEMPTS of them without progress, the change ends as failed:
another attempt would most likely meet the same bug. A table that does not answer (StoreUnavailable) is not such an
error: the change waits for it without a limit.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

from chalicelib.catalog import origin_rows
from chalicelib.catalog.long_changes import long_change_rows
from chalicelib.catalog.long_changes.long_change_rows import LongChangeRow, OpenLongChangeRow
from chalicelib.core.deferred import deferred
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.long_change import LongChangeKind, LongChangeState
from chalicelib.core.permission import Permission
from chalicelib.core.roles import Role, SessionFlags
from chalicelib.core.session import Session
from chalicelib.platform import logs
from chalicelib.platform.attributes import Action, Condition
from chalicelib.platform.change import Change, update_if
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.failures import optional_work
from chalicelib.platform.retry_budget import single_try
from chalicelib.platform.row import Key
from chalicelib.platform.table import StoreUnavailable, read

with deferred():  # imports powertools
    from chalicelib.platform import emf

LEASE_SECONDS = 5.0
"""How long a worker may be silent before another one takes its place."""

POLL_SECONDS = 0.5
"""A worker that waits for another one looks this often."""

KEPT_SECONDS = 30 * 24 * 3600
"""How long the row of a change that has ended is kept."""

ATTEMPTS = 20
"""After this many failed attempts without progress, a change ends as failed. An execution makes 11."""

sleep = time.sleep


class AlreadyRunning(Exception):
    """A change of the same kind for the same channels is running."""


class HoldLost(Exception):
    """Another worker has taken the change, or it has ended."""


class Hold(Struct):
    """The hold of a worker on a change, and the time on the monotonic clock at which the worker stops."""

    key: Key[LongChangeRow]
    open_key: Key[OpenLongChangeRow]
    holder: int
    deadline: float
    renewed_at: float

    @property
    def is_over(self) -> bool:
        """Return whether the time of the worker is over."""
        return time.monotonic() > self.deadline

    @property
    def is_due(self) -> bool:
        """Return whether a worker that has written nothing for a while should renew the hold (`renew`)."""
        return time.monotonic() > self.renewed_at + LEASE_SECONDS / 3

    def advance(self, change: Change, *progress: Action, ends_failures: bool = True) -> None:
        """Store progress, and renew the hold, as part of a change. The change raises HoldLost.

        ends_failures: failed attempts before this progress do not count any more.
        """
        actions = [LongChangeRow.held_until.set(_lease_end()), *progress]
        if ends_failures:
            actions.append(LongChangeRow.failures.set(0))
        change.update(self.key, actions, self._condition(), otherwise=HoldLost())
        self.renewed_at = time.monotonic()

    def renew(self, *progress: Action) -> None:
        """Renew the hold and store progress, if there is any, with one call. Raises HoldLost."""
        self.renewed_at = time.monotonic()
        actions = [LongChangeRow.held_until.set(_lease_end()), *progress]
        if progress:
            actions.append(LongChangeRow.failures.set(0))
        if update_if(self.key, self._condition(), actions) is None:
            raise HoldLost

    def end(self, change: Change, state: LongChangeState, why: str | None = None) -> None:
        """End the change as part of a transaction, which raises HoldLost."""
        self._store_end(change, state, why, LongChangeRow.expires_at.set(int(time.time()) + KEPT_SECONDS))
        change.delete(self.open_key)

    def suspend(self, change: Change, why: str) -> None:
        """End the change as failed as part of a transaction, which raises HoldLost, so that `begin_again` continues it.

        Its entry remains: nothing that requires the end of the change can happen before.
        """
        self._store_end(change, LongChangeState.FAILED, why)

    def release(self) -> None:
        """Let the next worker begin at once. Optional: otherwise it waits until the hold ends by itself."""
        with single_try(), suppress(StoreUnavailable):
            update_if(self.key, self._condition(), [LongChangeRow.held_until.set(_milliseconds())])

    def note_failure(self) -> LongChangeRow | None:
        """Count a failed attempt, release the hold, and return the new row. None if the change is not held any more."""
        actions = [LongChangeRow.failures.add(1), LongChangeRow.held_until.set(_milliseconds())]
        return update_if(self.key, self._condition(), actions)

    def _store_end(self, change: Change, state: LongChangeState, why: str | None, *more: Action) -> None:
        actions = [
            LongChangeRow.state.set(str(state)),
            LongChangeRow.held_until.set(_milliseconds()),
            LongChangeRow.ended_at.set(timestamp(now())),
            *more,
        ]
        if why is not None:
            actions.append(LongChangeRow.why.set(why))
        change.update(self.key, actions, self._condition(), otherwise=HoldLost())

    def _condition(self) -> Condition:
        return _is_held_by(self.holder)


class Work(Struct, frozen=True):
    """How the changes of a kind are continued, and how they end if they cannot be.

    - `treat` continues a change that a worker holds. Returns True if the change has ended, False if the time is over.
    - `fail` ends a change as failed, as part of a transaction: with Hold.end or Hold.suspend.
    """

    treat: Callable[[Hold, LongChangeRow], bool]
    fail: Callable[[Change, Hold, LongChangeRow, str], None]


def new(kind: LongChangeKind, origin: str, source: str, target: str | None, by: Session) -> LongChangeRow:
    """Return the row of a new change, which this process holds."""
    moment = now()
    key = long_change_rows.long_change_key(origin, new_id(moment))
    permission = by.permission
    return LongChangeRow(
        key.pk,
        key.sk,
        kind=str(kind),
        origin=origin,
        source=source,
        target=target,
        state=str(LongChangeState.RUNNING),
        requester_id=by.account_id,
        requester=by.name,
        trigger=str(by.trigger),
        role=None if permission is None else str(permission.minimum),
        origin_id=None if permission is None else permission.origin_id,
        refused_as=None if permission is None else permission.refused,
        created_at=timestamp(moment),
        holder=new_id(moment),
        held_until=_lease_end(),
    )


def add(change: Change, row: LongChangeRow) -> None:
    """Begin a change as part of a transaction, which raises AlreadyRunning."""
    change.add(row)
    key = _open_key_of(row)
    entry = OpenLongChangeRow(key.pk, key.sk, origin=row.origin, kind=row.kind, id=row.id)
    change.add(entry, otherwise=AlreadyRunning())


def begun(row: LongChangeRow) -> Hold:
    """Return the hold of the process that has begun a change. `work` sets its deadline."""
    return Hold(key_of(row), _open_key_of(row), int(row.holder), 0.0, time.monotonic())


def begin_again(key: Key[LongChangeRow]) -> None:
    """Let workers continue a change that has failed (`Hold.suspend`). Does nothing if it has not."""
    row = read(key)
    if row is None or row.state != LongChangeState.FAILED:
        return
    actions = [
        LongChangeRow.state.set(str(LongChangeState.RUNNING)),
        LongChangeRow.failures.set(0),
        LongChangeRow.ended_at.remove(),
        LongChangeRow.why.remove(),
    ]
    update_if(key, LongChangeRow.state == str(LongChangeState.FAILED), actions)


def work(key: Key[LongChangeRow], seconds: float, how: Work, own: LongChangeRow | None = None) -> bool:
    """Work on a change for about `seconds`, or wait while another worker does. Returns whether the change has ended.

    `own` is the row of a change that this process has begun. Raises the errors of `how.treat`.
    """
    deadline = time.monotonic() + seconds
    row, hold = own, None if own is None else begun(own)
    while True:
        if hold is None:
            row = read(key)
            if row is None or not row.is_running:
                return True
            hold = _taken(row)
        if hold is not None and row is not None:
            hold.deadline = deadline
            with suppress(HoldLost):
                return _treated(hold, row, how)
            hold = None
        if time.monotonic() > deadline:
            return False
        sleep(min(POLL_SECONDS, LEASE_SECONDS))


def _treated(hold: Hold, row: LongChangeRow, how: Work) -> bool:
    try:
        has_ended = how.treat(hold, row)
    except (HoldLost, StoreUnavailable):
        hold.release()
        raise
    except Exception as problem:  # of any kind: it is counted, and raised again
        with optional_work():  # what fails here is done by the next attempt
            _note_failure(hold, how, problem)
        raise
    if not has_ended:
        hold.release()
    return has_ended


def _note_failure(hold: Hold, how: Work, problem: Exception) -> None:
    """Count a failed attempt, and end the change as failed after ATTEMPTS. Does nothing if `treat` has ended it."""
    row = hold.note_failure()
    if row is None or row.failures < ATTEMPTS:
        return
    with suppress(HoldLost):  # another worker makes a further attempt
        with Change() as change:
            how.fail(change, hold, row, type(problem).__name__)
        names = {"kind": row.kind, "origin": row.origin, "id": str(row.id)}
        counted = emf.members(({}, {"FailedLongChanges": [1.0]}))
        logs.failed_change(problem, counted, **names, attempts=int(row.failures))


def _taken(row: LongChangeRow) -> Hold | None:
    """Hold a change that no worker holds. Returns None if another worker holds it or was faster."""
    if int(row.held_until) > _milliseconds():
        return None
    holder = new_id()
    actions = [LongChangeRow.holder.set(holder), LongChangeRow.held_until.set(_lease_end())]
    if update_if(key_of(row), _is_held_by(int(row.holder)), actions) is None:
        return None
    return Hold(key_of(row), _open_key_of(row), holder, 0.0, time.monotonic())


def session_of(row: LongChangeRow) -> Session:
    """Return the session that requested a change, with its permission, which is read again if there is one.

    Raises RoleLost or OriginMissing if the permission does not hold any more.
    """
    permission = None
    if row.role is not None:
        permission = Permission(
            row.origin,
            None if row.origin_id is None else int(row.origin_id),
            int(row.requester_id),
            Role.parse(row.role),
            int(row.refused_as or 403),
            read_at=time.monotonic(),
        )
        origin_rows.demand_valid(permission)
    trigger = Trigger(row.trigger)
    return Session(int(row.requester_id), row.requester, SessionFlags(0), trigger=trigger, permission=permission)


def store_details(row: LongChangeRow, *details: Action) -> None:
    """Store details of a change that only those who watch it read. Does nothing if it has ended."""
    update_if(key_of(row), LongChangeRow.state == str(LongChangeState.RUNNING), details)


def key_of(row: LongChangeRow) -> Key[LongChangeRow]:
    """Return the key of a change."""
    return long_change_rows.long_change_key(row.origin, row.id)


def is_idle(row: LongChangeRow, seconds: float) -> bool:
    """Return True if a change is running, and no worker has held it during the last seconds."""
    return row.is_running and int(row.held_until) < _milliseconds() - seconds * 1000


def _is_held_by(holder: int) -> Condition:
    condition: Condition = (LongChangeRow.holder == holder) & (LongChangeRow.state == str(LongChangeState.RUNNING))
    return condition


def _open_key_of(row: LongChangeRow) -> Key[OpenLongChangeRow]:
    return long_change_rows.open_key(row.origin, LongChangeKind(row.kind), row.source, row.target)


def _lease_end() -> int:
    return _milliseconds() + int(LEASE_SECONDS * 1000)


def _milliseconds() -> int:
    return int(time.time() * 1000)
