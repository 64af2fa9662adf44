"""Rows of uploads under way: what was announced, who works on it, and how it ended.

A row outlives its upload by the time to live, so that a repeated completion gets the same answer. Every write on behalf
of an attempt demands that the attempt is still the current one.
"""

import time
from enum import StrEnum

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform.attributes import BooleanAttribute, Condition, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.table import Key, Row, partition, read
from chalicelib.uploads.errors import AlreadyFinishing, AttemptLost, UploadMissing
from chalicelib.uploads.parts import Plan

LIFE_SECONDS = 86_400
"""Staged bytes go after a day as well, by the bucket's lifecycle rule."""

LEASE_SECONDS = 60
"""So long an attempt counts as alive after its last sign of life."""


class State(StrEnum):
    """How far an upload is."""

    OPEN = "open"
    PUBLISHED = "published"
    REFUSED = "refused"


class UploadRow(Row):
    """An upload. `problem` names the error that ended the last attempt, or the upload; `said` is its text."""

    ident = UnicodeAttribute()
    target = UnicodeAttribute()
    checksum = UnicodeAttribute()
    size = NumberAttribute(null=True)
    part_size = NumberAttribute()
    forced = BooleanAttribute()
    uploader_id = NumberAttribute()
    multipart = UnicodeAttribute()
    state = UnicodeAttribute()
    attempt = NumberAttribute(default=0)
    working_until = NumberAttribute(default=0)
    problem = UnicodeAttribute(null=True)
    said = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()

    @property
    def id(self) -> str:
        """The upload's id."""
        return self.pk.partition("#")[2]

    @property
    def release(self) -> PackageIdent:
        """The ident that the archive was announced as."""
        return PackageIdent.parse(self.ident)

    @property
    def announced_target(self) -> Target:
        """The target that the archive was announced for."""
        return Target(self.target)

    @property
    def plan(self) -> Plan:
        """How the archive is cut."""
        return Plan(None if self.size is None else int(self.size), int(self.part_size))

    @property
    def is_open(self) -> bool:
        """True until it is published or refused."""
        return self.state == State.OPEN

    @property
    def is_being_finished(self) -> bool:
        """True while an attempt is alive."""
        return self.is_open and self.working_until >= time.time()


def upload_key(upload_id: str) -> Key[UploadRow]:
    """Where an upload stands."""
    return Key(UploadRow, partition("UPLOAD", upload_id), "UPLOAD")


def find(upload_id: str) -> UploadRow:
    """An upload that has not expired. Raises UploadMissing."""
    row = read(upload_key(upload_id))
    if row is None or row.expires_at < time.time():
        raise UploadMissing
    return row


def is_alive(upload_id: str) -> bool:
    """True while it may still be completed."""
    try:
        return find(upload_id).is_open
    except UploadMissing:
        return False


def add(row: UploadRow) -> None:
    """Remember a new upload."""
    change = Change()
    change.add(row)
    change.commit()


def claim(row: UploadRow) -> int:
    """Begin an attempt at finishing it; gives the attempt's number. Raises AlreadyFinishing."""
    now = int(time.time())
    free = (
        (UploadRow.state == str(State.OPEN)) & (UploadRow.attempt == int(row.attempt)) & (UploadRow.working_until < now)
    )
    change = Change()
    change.update(
        upload_key(row.id),
        [
            UploadRow.attempt.add(1),
            UploadRow.working_until.set(now + LEASE_SECONDS),
            UploadRow.problem.remove(),
            UploadRow.said.remove(),
        ],
        condition=free,
        otherwise=AlreadyFinishing(),
    )
    change.commit()
    return int(row.attempt) + 1


def renew(row: UploadRow) -> None:
    """A sign of life. Raises AttemptLost."""
    change = Change()
    lease = int(time.time()) + LEASE_SECONDS
    change.update(upload_key(row.id), [UploadRow.working_until.set(lease)], _is_ours(row), otherwise=AttemptLost())
    change.commit()


def settle(change: Change, row: UploadRow) -> None:
    """Add to the transaction that publishes: this upload is done. It then raises AttemptLost if another took over."""
    change.update(
        upload_key(row.id), [UploadRow.state.set(str(State.PUBLISHED))], _is_ours(row), otherwise=AttemptLost()
    )


def refuse(row: UploadRow, problem: Exception) -> None:
    """It ended with this error for good. Raises AttemptLost."""
    _end(row, problem, State.REFUSED)


def let_go(row: UploadRow, problem: Exception) -> None:
    """The attempt ended with this error, another may follow at once. Raises AttemptLost."""
    _end(row, problem, State.OPEN)


def forget(upload_id: str) -> None:
    """Remove an upload; attempts that are under way lose it."""
    change = Change()
    change.delete(upload_key(upload_id))
    change.commit()


def _end(row: UploadRow, problem: Exception, state: State) -> None:
    change = Change()
    change.update(
        upload_key(row.id),
        [
            UploadRow.state.set(str(state)),
            UploadRow.working_until.set(0),
            UploadRow.problem.set(type(problem).__name__),
            UploadRow.said.set(str(problem)),
        ],
        _is_ours(row),
        otherwise=AttemptLost(),
    )
    change.commit()


def _is_ours(row: UploadRow) -> Condition:
    ours: Condition = (UploadRow.state == str(State.OPEN)) & (UploadRow.attempt == int(row.attempt))
    return ours
