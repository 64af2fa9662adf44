"""The rules of uploads in parts: begin, progress, complete, abort (platform.md 4.4, U8).

If `begin` is interrupted, it may leave an empty multipart upload, which the bucket's lifecycle rule deletes. Everything
else can be repeated: a part that is sent again replaces the first, and `finishing` describes what a completion repeats.
"""

import time
from collections.abc import Iterable
from functools import partial
from itertools import chain

from msgspec import Struct

from chalicelib.catalog import package_rows
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.identity.caller import Caller
from chalicelib.packages import refusals, upload, upload_checks
from chalicelib.packages.errors import ArchiveRefused
from chalicelib.platform import background, waiting
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.config import config
from chalicelib.platform.table import StoreUnavailable, read
from chalicelib.uploads import finishing, quota, rows, staging
from chalicelib.uploads.errors import LeaseHeld, UploadMissing
from chalicelib.uploads.parts import Plan
from chalicelib.uploads.quota import Slot
from chalicelib.uploads.rows import State, UploadRow
from chalicelib.uploads.staging import Part

URLS_PER_ANSWER = 100
"""A signed URL has up to 2 KB; an answer holds 6 MB."""

WAIT_SECONDS = 18
"""How long `complete` waits for the result; the function has 29 s, of which retries after faults may take ten."""

CHECKSUM_CHARACTERS = 64


class Announcement(Struct, frozen=True):
    """The archive that a client wants to send; `is_target_explicit` is False if the User-Agent gave the target."""

    ident: PackageIdent
    target: Target
    is_target_explicit: bool
    checksum: str
    size: int | None
    forced: bool
    is_from_worker: bool = False


class Progress(Struct, frozen=True):
    """An upload with its received parts, and URLs of the next missing ones by part number."""

    row: UploadRow
    received: list[Part]
    urls: dict[int, str]


def begin(announcement: Announcement, caller: Caller) -> Progress:
    """Check what can be checked without the archive, start an upload and return URLs of the first parts.

    Raises SessionMissing, RoleMissing, MachineRefused, ReleaseExists, ArchiveRefused, UploadTooLarge, TooManyUploads,
    ObjectStoreFailed.
    """
    uploader = caller.require_role(announcement.ident.origin, Role.MEMBER)
    caller.require_publishable(announcement.ident.origin, announcement.ident.name)
    _demand_publishable(announcement, uploader)
    plan = Plan.of(announcement.size)
    slot = quota.free_slot(uploader.account_id)
    upload_id = str(new_id())
    key = rows.upload_key(upload_id)
    row = UploadRow(
        key.pk,
        key.sk,
        ident=str(announcement.ident),
        target=str(announcement.target),
        checksum=announcement.checksum,
        size=plan.size,
        part_size=plan.part_size,
        forced=announcement.forced,
        is_from_worker=announcement.is_from_worker or uploader.job is not None,
        uploader_id=uploader.account_id,
        origin_id=None if uploader.permission is None else uploader.permission.origin_id,
        job_attempt=None if uploader.permission is None else uploader.permission.attempt,
        multipart=staging.open_multipart(upload_id),
        state=str(State.OPEN),
        expires_at=int(time.time()) + rows.LIFE_SECONDS,
    )
    slots = chain([slot], iter(partial(quota.free_slot, uploader.account_id), None))
    retry_when_stale(lambda: _add(row, next(slots)))
    return Progress(row, [], _urls(row, [], 1))


def _add(row: UploadRow, slot: Slot) -> None:
    with Change() as change:
        change.add(row)
        quota.take(change, slot, row)


@refusals.counted()
def _demand_publishable(announcement: Announcement, uploader: Session) -> None:
    """Run checks 3, 9 and 11 of an upload, as far as they do not need the archive (packages.md 7)."""
    upload.demand_absent(
        upload_checks.Upload(
            announcement.ident,
            announcement.target,
            announcement.checksum,
            announcement.forced,
            uploader.account_id,
        )
    )
    if not _is_checksum(announcement.checksum):
        raise ArchiveRefused("ds:up:3", "ChecksumMismatch")
    if announcement.forced and announcement.is_target_explicit:
        stored = read(package_rows.package_key(announcement.ident, announcement.target))
        if stored is not None and stored.checksum != announcement.checksum:
            raise ArchiveRefused("ds:up:4", "OtherBytesForced")


def _is_checksum(text: str) -> bool:
    return len(text) == CHECKSUM_CHARACTERS and set(text) <= set("0123456789abcdef")


def progress(upload_id: str, first_part: int, caller: Caller) -> Progress:
    """Return an upload with new URLs of missing parts from `first_part`. Raises UploadMissing, RoleMissing."""
    row = _own_upload(upload_id, caller)
    received = staging.received(upload_id, row.multipart) if row.is_open else None
    return Progress(row, received or [], {} if received is None else _urls(row, received, first_part))


def complete(upload_id: str, caller: Caller) -> UploadRow | None:
    """Publish an upload in the background and return its row, or None if that takes longer than WAIT_SECONDS.

    A repeat waits for the attempt in progress, or starts one. Raises UploadMissing, RoleMissing, PartsMissing, and the
    error for which the upload was refused or the attempt failed.
    """
    row = _own_upload(upload_id, caller)
    if row.is_open and not row.is_leased:
        received = staging.received(upload_id, row.multipart)
        if received is not None:
            row.plan.demand_complete({part.number: part.size for part in received})
        _start(row)
    return _wait(upload_id) if row.is_open else _result(row)


def abort(upload_id: str, caller: Caller) -> None:
    """Delete an upload and its parts, even while it is being completed. A published package stays.

    Raises UploadMissing, RoleMissing, ObjectStoreFailed.
    """
    row = _own_upload(upload_id, caller)
    rows.delete(upload_id)
    staging.abort(staging.key_of(upload_id), row.multipart)
    staging.discard(staging.key_of(upload_id))


def _own_upload(upload_id: str, caller: Caller) -> UploadRow:
    """Return an upload of the caller, who must still be a member of its origin. Raises UploadMissing, RoleMissing."""
    session = caller.require_session()
    row = rows.find(upload_id)
    if row.uploader_id != session.account_id:
        raise UploadMissing
    caller.require_role(row.release.origin, Role.MEMBER)
    return row


def _urls(row: UploadRow, received: Iterable[Part], first_part: int) -> dict[int, str]:
    numbers = row.plan.missing({part.number: part.size for part in received}, first_part, URLS_PER_ANSWER)
    return {number: staging.part_url(row.id, row.multipart, number) for number in numbers}


def _start(row: UploadRow) -> None:
    """Start an attempt in the background, unless another request has just started one. Raises NotStarted."""
    try:
        attempt = rows.acquire_lease(row)
    except LeaseHeld:
        return
    try:
        background.start(config.upload_function, finishing.finish, upload_id=row.id, attempt=attempt)
    except background.NotStarted:
        row.attempt = attempt
        rows.release_lease(row, StoreUnavailable())  # A repeat need not wait for the lease to end.
        raise


def _wait(upload_id: str) -> UploadRow | None:
    deadline, pause = time.monotonic() + WAIT_SECONDS, 0.02
    while True:
        row = rows.find(upload_id)
        if row.error is not None or not row.is_open:
            return _result(row)
        if time.monotonic() > deadline or waiting.is_over():
            return None
        waiting.sleep(pause)
        pause = min(1.0, pause * 1.5)


def _result(row: UploadRow) -> UploadRow:
    if row.error is not None:
        raise finishing.error_of(row)
    return row
