"""Uploads in parts over HTTP; an addition to the contract (platform.md 4.4, U8)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from msgspec import UNSET

from chalicelib.catalog.errors import OriginMissing
from chalicelib.core.builds.build_access import JobUse
from chalicelib.core.deferred import deferred
from chalicelib.core.ident import IdentMalformed, PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.target import TargetUnknown, resolve
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer, text
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.routes import Content, Routes
from chalicelib.packages.errors import ArchiveRefused, CycleClosed, IdentInvalid, ReleaseExists, TargetUnsupported
from chalicelib.platform.clock import timestamp
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.uploads import shapes
from chalicelib.uploads.errors import STATUS, PartsMissing, TooManyUploads, UploadMissing, UploadTooLarge

with deferred():
    from chalicelib.packages import upload_checks
    from chalicelib.uploads import service

routes = Routes("uploads", STATUS)
UPLOAD = "/depot/uploads/{id}"

UPLOADER: dict[str, Any] = {
    "needs": Role.MEMBER,
    "scope": Scope.UPLOAD,
    "checked_inside": True,
    "job_use": JobUse.UPLOAD,
}
"""The origin is that of the upload's ident, which is not in the path."""


def _announcement(call: Call, body: shapes.NewUpload) -> service.Announcement:
    """Check the ident and the target. Raises IdentInvalid, TargetUnknown."""
    try:
        ident = PackageIdent.parse(body.ident)
    except IdentMalformed as problem:
        raise IdentInvalid(f"Invalid or not fully qualified package identifier '{body.ident}'") from problem
    upload_checks.demand_valid_ident(ident)
    target = resolve(body.target, call.user_agent)
    is_explicit = body.target is not None
    return service.Announcement(ident, target, is_explicit, body.checksum, body.size, body.forced, body.builder)


@routes.post(
    "/depot/uploads",
    **UPLOADER,
    body=shapes.NewUpload,
    reads=_announcement,
    answers={201: shapes.Upload},
    errors=(
        ArchiveRefused,
        IdentInvalid,
        ObjectStoreFailed,
        ReleaseExists,
        TargetUnknown,
        TooManyUploads,
        UploadTooLarge,
    ),
)
def begin_upload(call: Call, announcement: service.Announcement) -> Answer:
    """Announce an archive and get URLs for its first parts."""
    return json_answer(201, _upload(service.begin(announcement, call.caller)), NO_CACHE)


@routes.get(
    UPLOAD,
    **UPLOADER,
    cached=Cached.NEVER,
    query=shapes.ProgressQuery,
    answers={200: shapes.Upload},
    errors=(ObjectStoreFailed, UploadMissing),
)
def show_upload(call: Call, query: shapes.ProgressQuery) -> Answer:
    """Return an upload with its received parts and URLs for missing ones."""
    return json_answer(200, _upload(service.progress(call["id"], query.first_part, call.caller)), NO_CACHE)


@routes.post(
    UPLOAD + "/complete",
    **UPLOADER,
    answers={201: Content.TEXT, 202: None},
    errors=(
        ArchiveRefused,
        CycleClosed,
        ObjectStoreFailed,
        OriginMissing,
        PartsMissing,
        ReleaseExists,
        TargetUnsupported,
        UploadMissing,
    ),
)
def complete_upload(call: Call) -> Answer:
    """Publish an archive whose parts are all received.

    The status is 202 while that is in progress; the client then repeats the request. The answer with 201 is that to a
    raw POST of the archive (packages.md 7).
    """
    row = service.complete(call["id"], call.caller)
    if row is None:
        return Answer(202, headers={"Location": f"/v1/depot/uploads/{quote(call['id'])}", "Retry-After": "5"})
    query = {"checksum": row.checksum, "target": row.target, "forced": str(bool(row.forced)).lower()}
    location = f"/v1/depot/pkgs/{quote(row.ident)}?{urlencode(query)}"
    return text(201, f"/pkgs/{row.ident}/download", {"Location": location})


@routes.delete(UPLOAD, **UPLOADER, answers={204: None}, errors=(ObjectStoreFailed, UploadMissing))
def abort_upload(call: Call) -> Answer:
    """Delete an upload and its parts. A published package stays."""
    service.abort(call["id"], call.caller)
    return EMPTY_204


def _upload(progress: service.Progress) -> shapes.Upload:
    row = progress.row
    return shapes.Upload(
        upload_id=row.id,
        state="finishing" if row.is_leased else row.state,
        ident=row.release,
        target=row.target,
        size=row.plan.size,
        part_size=row.plan.part_size,
        received=[shapes.ReceivedPart(part.number, part.size) for part in progress.received],
        parts=[shapes.PartUrl(number, url) for number, url in progress.urls.items()],
        expires_at=timestamp(datetime.fromtimestamp(int(row.expires_at), UTC)),
        error=row.error_text if row.state == "refused" else UNSET,
    )
