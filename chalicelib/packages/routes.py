"""Packages over HTTP (packages.md sections 5, 7 and 8)."""

from __future__ import annotations

from typing import Any

from chalicelib.accounts.errors import LicenseInvalid, LicenseRefused
from chalicelib.catalog.errors import OriginMissing, ReleaseMissing
from chalicelib.core.builds.build_access import JobUse
from chalicelib.core.deferred import deferred
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.target import Target, TargetUnknown
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.core.visibility import Visibility
from chalicelib.http.answer import EMPTY_200, EMPTY_204, NO_CACHE, Answer, json_answer, text
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.paging import Family, Window, page, pages_of, window
from chalicelib.http.routes import ANYONE, Content, Routes
from chalicelib.packages import download, lists, reads, shapes
from chalicelib.packages.errors import (
    STATUS,
    ArchiveRefused,
    CycleClosed,
    DeletionRefused,
    IdentInvalid,
    LicenseNeeded,
    ReleaseExists,
    TargetNotServed,
    TargetUnsupported,
    VisibilityRefused,
)
from chalicelib.packages.settings.shapes import Settings
from chalicelib.platform.object_store import ObjectStoreFailed

with deferred():
    from chalicelib.packages import deletion, license_gate, source, upload_checks, visibility
    from chalicelib.packages import upload as publication

routes = Routes("packages", STATUS)
NAME = "/depot/pkgs/{origin}/{pkg}"
VERSION = NAME + "/{version}"
RELEASE = VERSION + "/{release}"
UPLOADS = "uploads"
"""An origin of this name has its list of settings at a path of its own, since `/depot/uploads/{id}` shows an upload."""

READ: dict[str, Any] = {
    "needs": ANYONE,
    "hides_private": True,
    "identity_along": True,
    "cached": Cached.OUTSIDERS,
}


def _target(call: Call, _query: shapes.TargetQuery) -> Target:
    return call.target


def _list_request(_: Call, query: shapes.ListQuery) -> tuple[Window, bool]:
    return window(Family.P, query.range), query.distinct


LIST: dict[str, Any] = {
    **READ,
    "query": shapes.ListQuery,
    "reads": _list_request,
    "answers": pages_of(shapes.ListedPackage),
}
SHOW: dict[str, Any] = {
    **READ,
    "query": shapes.TargetQuery,
    "reads": _target,
    "answers": {200: shapes.DepotPackage},
    "errors": (ReleaseMissing, TargetUnknown),
}


@routes.get("/depot/pkgs/{origin}", **LIST)
@routes.get(NAME, **LIST)
@routes.get(VERSION, **LIST)
def list_packages(call: Call, request: tuple[Window, bool]) -> Answer:
    """List the idents of an origin, name or version, or with `distinct` only the names."""
    requested, distinct = request
    level = lists.Level(call["origin"], call.path.get("pkg"), call.path.get("version"))
    rows_of = lists.names if distinct else lists.idents
    rows, total = rows_of(level, requested.offset, requested.size, call.caller)
    return page(requested, rows, total)


SETTINGS_LIST: dict[str, Any] = {
    **READ,
    "query": shapes.ListQuery,
    "reads": lambda _, query: window(Family.S, query.range),
    "answers": pages_of(Settings),
}


@routes.get("/depot/{origin}/pkgs", **SETTINGS_LIST)
@routes.get(f"/depot/{UPLOADS}/pkgs", **SETTINGS_LIST)
def list_settings(call: Call, requested: Window) -> Answer:
    """List the package settings of an origin. `distinct` has no effect."""
    rows, total = lists.settings(call.path.get("origin", UPLOADS), requested.offset, requested.size, call.caller)
    return page(requested, [Settings.of(row) for row in rows], total)


@routes.get(
    NAME + "/versions",
    needs=ANYONE,
    hides_private=True,
    cached=Cached.OUTSIDERS,
    answers={200: list[shapes.ListedVersion]},
)
def list_versions(call: Call) -> Answer:
    """List the versions of a name, newest first."""
    member = call.caller.role_in(call["origin"]) is not None
    return json_answer(200, lists.versions(call["origin"], call["pkg"], member), NO_CACHE)


@routes.get(NAME + "/latest", **SHOW)
@routes.get(VERSION + "/latest", **SHOW)
def show_latest(call: Call, target: Target) -> Answer:
    """Return the newest release of a name or version for a target."""
    package = reads.latest(call["origin"], call["pkg"], call.path.get("version"), target, call.caller)
    call.demand_changed(package.revision)
    return json_answer(200, shapes.depot_package(package), NO_CACHE)


@routes.get(RELEASE, **SHOW)
def show_package(call: Call, target: Target) -> Answer:
    """Return a package by its ident, for the target or else for any other."""
    package = reads.exact(call.ident, target, call.caller)
    call.demand_changed(package.revision)
    return json_answer(200, shapes.depot_package(package), NO_CACHE)


@routes.get(
    RELEASE + "/channels",
    **READ,
    query=shapes.TargetQuery,
    reads=_target,
    answers={200: list[shapes.PackageChannel]},
    errors=(TargetUnknown,),
)
def list_channels_of_package(call: Call, target: Target) -> Answer:
    """List the channels that a package is in, in descending order."""
    return json_answer(200, reads.channels(call.ident, target, call.caller), NO_CACHE)


@routes.get(
    RELEASE + "/download",
    **READ | {"cached": Cached.CLIENT},
    query=shapes.DownloadQuery,
    answers={200: Content.BYTES, 302: None},
    errors=(
        LicenseInvalid,
        LicenseNeeded,
        LicenseRefused,
        ObjectStoreFailed,
        ReleaseMissing,
        TargetNotServed,
        TargetUnknown,
    ),
)
def download_archive(call: Call, query: shapes.DownloadQuery) -> Answer:
    """Return the archive of a package, or a redirect to it. A refusal of the licence service is returned unchanged."""
    package = reads.downloadable(call.ident, call.target, call.caller)
    license_gate.demand_license(package.channels, call.caller)
    call.demand_changed(package.row.checksum)
    return download.answer(package, presigned=query.redirect == "s3", names_target=call.names_target)


def _announced(call: Call, query: shapes.UploadQuery) -> tuple[Target, shapes.UploadQuery]:
    upload_checks.demand_valid_ident(call.ident)
    call.caller.expect(*publication.keys_of_announced(call.ident, call.target, query.forced))
    return call.target, query


@routes.post(
    RELEASE,
    needs=Role.MEMBER,
    scope=Scope.UPLOAD,
    job_use=JobUse.UPLOAD,
    identity_along=True,
    query=shapes.UploadQuery,
    body=Content.BYTES,
    reads=_announced,
    answers={201: Content.TEXT},
    errors=(
        ArchiveRefused,
        CycleClosed,
        IdentInvalid,
        ObjectStoreFailed,
        OriginMissing,
        ReleaseExists,
        TargetUnknown,
        TargetUnsupported,
    ),
)
def upload_package(call: Call, announced: tuple[Target, shapes.UploadQuery]) -> Answer:
    """Publish the archive in the body. Returns the path of its download."""
    target, query = announced
    uploader = call.caller.require_session()
    upload = upload_checks.Upload(
        call.ident,
        target,
        query.checksum,
        query.forced,
        uploader.account_id,
        uploader.permission,
        is_from_worker=query.builder is not None or uploader.job is not None,
    )
    publication.publish(upload, source.RawBody(call.body), call.caller.expected)
    return text(201, f"/pkgs/{call.ident}/download", {"Location": call.request_uri})


# Routing does not try the variable of the release where `latest` matches, on any method.
@routes.post(VERSION + "/latest", needs=ANYONE, answers={422: Content.TEXT}, errors=(IdentInvalid,))
def refuse_release_named_latest(call: Call) -> Answer:
    """Refuse the upload of a release called `latest`, because no read could return it."""
    raise upload_checks.invalid(PackageIdent(call["origin"], call["pkg"], call["version"], "latest"))


@routes.delete(
    RELEASE,
    needs=Role.MEMBER,
    scope=Scope.ADMIN,
    query=shapes.TargetQuery,
    answers={204: None},
    errors=(DeletionRefused, ObjectStoreFailed, ReleaseMissing, TargetUnknown),
)
def delete_package(call: Call, _query: shapes.TargetQuery) -> Answer:
    """Delete a package that is not in `stable` and whose name no other package depends on.

    `POST /deletions/{origin}/{pkg}/{version}/{release}` shows what depends on it, and deletes it
    despite the dependents.
    """
    deletion.delete(call.ident, call.target, call.caller.require_session())
    return EMPTY_204


@routes.patch(
    RELEASE + "/{visibility}",
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    reads=lambda call: visibility.parse_request(call.ident, call["visibility"]),
    answers={200: None},
    errors=(IdentInvalid, VisibilityRefused),
)
def set_visibility(call: Call, requested: Visibility) -> Answer:
    """Set the visibility of an ident on all its targets."""
    visibility.set_visibility(call.ident, requested, call.caller.require_session())
    return EMPTY_200
