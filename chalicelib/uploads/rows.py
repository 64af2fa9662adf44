"""Rows of uploads in parts: what was announced, the lease of the attempt that publishes it, and the result.

A row remains until its time to live is over, even if the upload ends earlier, so that a repeated completion gets the
same answer. Only the holder of the lease may change the result: each attempt has a number, and its writes are
conditional on it.
"""

import time
from enum import StrEnum

from chalicelib.core.ident import PackageIdent
from chalicelib.core.permission import Permission
from chalicelib.core.roles import Role
from chalicelib.core.target import Target
from chalicelib.platform.attributes import BooleanAttribute, Condition, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import read
from chalicelib.uploads.errors import LeaseHeld, LeaseLost, UploadMissing
from chalicelib.uploads.parts import Plan

LIFE_SECONDS = 86_400
"""The bucket's lifecycle rule deletes staged bytes after a day too."""

LEASE_SECONDS = 60
"""A lease ends this long after the last heartbeat."""


class State(StrEnum):
    """The state of an upload."""

    OPEN = "open"
    PUBLISHED = "published"
    REFUSED = "refused"


class UploadRow(Row):
    """An upload. `error` is the class of the error that ended the last attempt, `error_text` its text.

    `origin_id` is the id of the origin when the upload began; None if the build service uploads. If the worker of a job
    uploads, `uploader_id` is the id of the job, and `job_attempt` the number of its attempt.
    """

    ident = UnicodeAttribute()
    target = UnicodeAttribute()
    checksum = UnicodeAttribute()
    size = NumberAttribute(null=True)
    part_size = NumberAttribute()
    forced = BooleanAttribute()
    is_from_worker = BooleanAttribute(default=False)
    uploader_id = NumberAttribute()
    origin_id = NumberAttribute(null=True)
    job_attempt = NumberAttribute(null=True)
    multipart = UnicodeAttribute()
    state = UnicodeAttribute()
    attempt = NumberAttribute(default=0)
    leased_until = NumberAttribute(default=0)
    error = UnicodeAttribute(null=True)
    error_text = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()

    @property
    def id(self) -> str:
        """The upload's id."""
        return self.pk.partition("#")[2]

    @property
    def release(self) -> PackageIdent:
        """The announced ident."""
        return PackageIdent.parse(self.ident)

    @property
    def announced_target(self) -> Target:
        """The announced target."""
        return Target(self.target)

    @property
    def permission(self) -> Permission | None:
        """The permission of the uploader in the origin in which the upload began."""
        if self.origin_id is None:
            return None
        attempt = None if self.job_attempt is None else int(self.job_attempt)
        return Permission(self.release.origin, int(self.origin_id), int(self.uploader_id), Role.MEMBER, attempt=attempt)

    @property
    def plan(self) -> Plan:
        """How the archive is divided into parts."""
        return Plan(None if self.size is None else int(self.size), int(self.part_size))

    @property
    def is_open(self) -> bool:
        """False once the upload is published or refused."""
        return self.state == State.OPEN

    @property
    def is_leased(self) -> bool:
        """True while an attempt is publishing the upload."""
        return self.is_open and self.leased_until >= time.time()


def upload_key(upload_id: str) -> Key[UploadRow]:
    """Return the key of an upload."""
    return Key(UploadRow, partition("UPLOAD", upload_id), "UPLOAD")


def find(upload_id: str) -> UploadRow:
    """Return an upload that has not expired. Raises UploadMissing."""
    row = read(upload_key(upload_id))
    if row is None or row.expires_at < time.time():
        raise UploadMissing
    return row


def is_open(upload_id: str) -> bool:
    """Return whether an upload exists and can still be completed."""
    try:
        return find(upload_id).is_open
    except UploadMissing:
        return False


def acquire_lease(row: UploadRow) -> int:
    """Start a new attempt and return its number. Raises LeaseHeld."""
    now = int(time.time())
    is_free = (
        (UploadRow.state == str(State.OPEN)) & (UploadRow.attempt == int(row.attempt)) & (UploadRow.leased_until < now)
    )
    with Change() as change:
        change.update(
            upload_key(row.id),
            [
                UploadRow.attempt.add(1),
                UploadRow.leased_until.set(now + LEASE_SECONDS),
                UploadRow.error.remove(),
                UploadRow.error_text.remove(),
            ],
            condition=is_free,
            otherwise=LeaseHeld(),
        )
    return int(row.attempt) + 1


def renew_lease(row: UploadRow) -> None:
    """Extend the lease: the heartbeat of an attempt. Raises LeaseLost."""
    leased_until = int(time.time()) + LEASE_SECONDS
    with Change() as change:
        change.update(
            upload_key(row.id), [UploadRow.leased_until.set(leased_until)], _is_held(row), otherwise=LeaseLost()
        )


def settle(change: Change, row: UploadRow) -> None:
    """Mark the upload as published in the change that publishes it; the commit raises LeaseLost."""
    change.update(upload_key(row.id), [UploadRow.state.set(str(State.PUBLISHED))], _is_held(row), otherwise=LeaseLost())


def refuse(row: UploadRow, error: Exception) -> None:
    """End the upload with an error. Raises LeaseLost."""
    _end(row, error, State.REFUSED)


def release_lease(row: UploadRow, error: Exception) -> None:
    """End the attempt with an error; another one may start at once. Raises LeaseLost."""
    _end(row, error, State.OPEN)


def delete(upload_id: str) -> None:
    """Delete an upload. An attempt at publishing it loses its lease."""
    with Change() as change:
        change.delete(upload_key(upload_id))


def _end(row: UploadRow, error: Exception, state: State) -> None:
    with Change() as change:
        change.update(
            upload_key(row.id),
            [
                UploadRow.state.set(str(state)),
                UploadRow.leased_until.set(0),
                UploadRow.error.set(type(error).__name__),
                UploadRow.error_text.set(str(error)),
            ],
            _is_held(row),
            otherwise=LeaseLost(),
        )


def _is_held(row: UploadRow) -> Condition:
    """Return the condition that the upload is open and its lease belongs to the attempt in `row`."""
    condition: Condition = (UploadRow.state == str(State.OPEN)) & (UploadRow.attempt == int(row.attempt))
    return condition
