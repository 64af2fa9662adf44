"""The rules of resumable uploads: begin, look, complete, give up (platform.md 4.4, U8).

Interrupted while it begins, an upload leaves an empty multipart upload that the bucket's lifecycle rule removes. After
that everything may be repeated: sending a part replaces it, and what completing does is said in `finishing`.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.catalog import package_rows
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.core.token_scope import Scope
from chalicelib.identity.caller import Caller
from chalicelib.identity.errors import ScopeMissing
from chalicelib.packages import upload
from chalicelib.packages.errors import ArchiveRefused
from chalicelib.platform import background
from chalicelib.platform.clock import new_id
from chalicelib.platform.config import config
from chalicelib.platform.table import StoreUnavailable, read
from chalicelib.uploads import finishing, staging
from chalicelib.uploads import rows as store
from chalicelib.uploads.errors import AlreadyFinishing, UploadMissing
from chalicelib.uploads.parts import Plan
from chalicelib.uploads.rows import LIFE_SECONDS, State, UploadRow
from chalicelib.uploads.staging import Part

URLS_AT_ONCE = 100
"""A signed URL is up to 2 KB; an answer holds 6 MB."""

PATIENCE_SECONDS = 18
"""How long a completion is waited for; API Gateway waits 29 s, and ten may be lost to faults (platform/patience.py)."""

CHECKSUM_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Announced:
    """What a client says about the archive that it is going to send; without a target its agent's is meant."""

    ident: PackageIdent
    target: Target
    target_is_said: bool
    checksum: str
    size: int | None
    forced: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """An upload with the parts that are there, and URLs for the next ones that are not."""

    row: UploadRow
    received: list[Part]
    urls: dict[int, str]


def begin(announced: Announced, caller: Caller) -> Progress:
    """Check all that can be known without the bytes, and give URLs for the first parts.

    Raises SessionMissing, RoleMissing, ReleaseExists, ArchiveRefused, UploadTooLarge.
    """
    session = _demand_uploader(announced.ident.origin, caller)
    _demand_publishable(announced, session)
    plan = Plan.of(announced.size)
    upload_id = str(new_id())
    key = store.upload_key(upload_id)
    row = UploadRow(
        key.pk,
        key.sk,
        ident=str(announced.ident),
        target=str(announced.target),
        checksum=announced.checksum,
        size=plan.size,
        part_size=plan.part_size,
        forced=announced.forced,
        uploader_id=session.account_id,
        multipart=staging.open_multipart(upload_id),
        state=str(State.OPEN),
        expires_at=int(time.time()) + LIFE_SECONDS,
    )
    store.add(row)
    return Progress(row, [], _urls(row, [], 1))


def progress(upload_id: str, start: int, caller: Caller) -> Progress:
    """How far an upload is, with fresh URLs for missing parts from a number on. Raises UploadMissing."""
    row = _own(upload_id, caller)
    there = staging.received(upload_id, row.multipart) if row.is_open else None
    return Progress(row, there or [], {} if there is None else _urls(row, there, start))


def complete(upload_id: str, caller: Caller) -> UploadRow | None:
    """Publish what was sent, in the background; None if that takes longer than we wait. A repeat goes on or waits.

    Raises UploadMissing, PartsMissing, and what the upload was refused for.
    """
    row = _own(upload_id, caller)
    if row.is_open and not row.is_being_finished:
        there = staging.received(upload_id, row.multipart)
        if there is not None:
            row.plan.demand_complete({part.number: part.size for part in there})
        _start(row)
    return _wait(upload_id) if row.is_open else _ended(row)


def give_up(upload_id: str, caller: Caller) -> None:
    """Forget an upload and what was sent of it, also while it is being completed; what is published stays.

    Raises UploadMissing.
    """
    row = _own(upload_id, caller)
    store.forget(upload_id)
    staging.give_up(staging.key_of(upload_id), row.multipart)
    staging.discard(staging.key_of(upload_id))


def _demand_uploader(origin: str, caller: Caller) -> Session:
    session = caller.require_role(origin, Role.MEMBER)
    if session.grant is not None and not session.grant.permits(Scope.UPLOAD, origin):
        raise ScopeMissing(Scope.UPLOAD, session.grant)
    return session


def _demand_publishable(announced: Announced, session: Session) -> None:
    """Checks 3, 9 and 11 of an upload as far as they need no bytes (packages.md 7)."""
    wanted = upload.Upload(announced.ident, announced.target, announced.checksum, announced.forced, session.account_id)
    upload.demand_absent(wanted)
    if not _is_checksum(announced.checksum):
        raise ArchiveRefused("ds:up:3")
    if announced.forced and announced.target_is_said:
        stored = read(package_rows.package_key(announced.ident, announced.target))
        if stored is not None and stored.checksum != announced.checksum:
            raise ArchiveRefused("ds:up:4")


def _is_checksum(text: str) -> bool:
    return len(text) == CHECKSUM_CHARACTERS and set(text) <= set("0123456789abcdef")


def _own(upload_id: str, caller: Caller) -> UploadRow:
    """An upload of the caller's, who must still be allowed to publish."""
    session = caller.require_session()
    row = store.find(upload_id)
    if row.uploader_id != session.account_id:
        raise UploadMissing
    _demand_uploader(row.release.origin, caller)
    return row


def _urls(row: UploadRow, there: Iterable[Part], start: int) -> dict[int, str]:
    wanted = row.plan.wanted({part.number: part.size for part in there}, start, URLS_AT_ONCE)
    return {number: staging.part_url(row.id, row.multipart, number) for number in wanted}


def _start(row: UploadRow) -> None:
    try:
        attempt = store.claim(row)
    except AlreadyFinishing:
        return
    try:
        background.start(config.upload_function, finishing.finish, upload_id=row.id, attempt=attempt)
    except background.NotStarted:
        row.attempt = attempt
        store.let_go(row, StoreUnavailable())  # nobody is at work, so a repeat need not wait for the lease to end
        raise


def _wait(upload_id: str) -> UploadRow | None:
    deadline, pause = time.monotonic() + PATIENCE_SECONDS, 0.02
    while True:
        row = store.find(upload_id)
        if row.problem is not None or not row.is_open:
            return _ended(row)
        if time.monotonic() > deadline:
            return None
        time.sleep(pause)
        pause = min(1.0, pause * 1.5)


def _ended(row: UploadRow) -> UploadRow:
    if row.problem is not None:
        raise finishing.problem_of(row)
    return row
