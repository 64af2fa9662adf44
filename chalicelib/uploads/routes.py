"""Resumable uploads over HTTP; our own addition (platform.md 4.4, U8)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.core.ident import IdentMalformed, PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.target import resolve
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer, text
from chalicelib.http.body import BodyMalformed
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.packages.errors import IdentInvalid
from chalicelib.platform.clock import timestamp
from chalicelib.platform.deferred import deferred
from chalicelib.uploads.errors import STATUS

with deferred():
    from chalicelib.packages import changes
    from chalicelib.uploads import service

routes = Routes("uploads", STATUS)
UPLOAD = "/depot/uploads/{id}"


def _announced(call: Call) -> service.Announced:
    body = call.json_object()
    named = _field(body, "ident", str, None)
    try:
        ident = PackageIdent.parse(named)
    except IdentMalformed as problem:
        raise IdentInvalid(f"Invalid or not fully qualified package identifier '{named}'") from problem
    changes.demand_valid_ident(ident)
    target = _field(body, "target", str | None, None)
    size = _field(body, "size", int | None, None)
    if size is not None and size < 1:
        raise BodyMalformed("`size` must be positive")
    return service.Announced(
        ident,
        resolve(target, call.user_agent),
        target is not None,
        _field(body, "checksum", str, ""),
        size,
        _field(body, "forced", bool, False),
    )


@routes.post("/depot/uploads", needs=Role.MEMBER, reads=_announced, checked_inside=True)
def begin(call: Call, announced: service.Announced) -> Answer:
    """Announce an archive: `{ident, target, checksum, size, forced}`; all but ident and checksum may be left out."""
    return json_answer(201, _shown(service.begin(announced, call.caller)), NO_CACHE)


@routes.get(UPLOAD, needs=Role.MEMBER, checked_inside=True, reads=lambda call: call.integer("from", 1))
def show(call: Call, start: int) -> Answer:
    """What is there, and URLs for what is not, from a part number on."""
    return json_answer(200, _shown(service.progress(call["id"], start, call.caller)), NO_CACHE)


@routes.post(UPLOAD + "/complete", needs=Role.MEMBER, checked_inside=True)
def complete(call: Call) -> Answer:
    """The answer of the raw POST of the archive (packages.md 7), or 202 while it is still being worked on."""
    row = service.complete(call["id"], call.caller)
    if row is None:
        return Answer(202, headers={"Location": f"/v1/depot/uploads/{quote(call['id'])}", "Retry-After": "5"})
    announced = {"checksum": row.checksum, "target": row.target, "forced": str(bool(row.forced)).lower()}
    place = f"/v1/depot/pkgs/{quote(row.ident)}?{urlencode(announced)}"
    return text(201, f"/pkgs/{row.ident}/download", {"Location": place})


@routes.delete(UPLOAD, needs=Role.MEMBER, checked_inside=True)
def give_up(call: Call) -> Answer:
    """Forget it."""
    service.give_up(call["id"], call.caller)
    return EMPTY_204


def _field(body: dict[str, Any], name: str, kind: Any, default: Any) -> Any:
    value = body.get(name, default)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BodyMalformed(f"`{name}` is missing or of the wrong type")
    return value


def _shown(progress: service.Progress) -> dict[str, Any]:
    row = progress.row
    shown = {
        "upload_id": row.id,
        "state": "finishing" if row.is_being_finished else row.state,
        "ident": row.release.as_json(),
        "target": row.target,
        "size": row.plan.size,
        "part_size": row.plan.part_size,
        "received": [{"number": part.number, "size": part.size} for part in progress.received],
        "parts": [{"number": number, "url": url} for number, url in progress.urls.items()],
        "expires_at": timestamp(datetime.fromtimestamp(int(row.expires_at), UTC)),
    }
    return {**shown, "error": row.said} if row.state == "refused" else shown
