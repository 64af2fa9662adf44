"""Packages over HTTP (packages.md sections 5, 7 and 8)."""

from __future__ import annotations

from typing import Any

from chalicelib.accounts.errors import LicenseRefused
from chalicelib.catalog import package_rows
from chalicelib.core.roles import Role
from chalicelib.core.target import Target
from chalicelib.core.token_scope import Scope
from chalicelib.core.visibility import Visibility
from chalicelib.http.answer import CACHE_YEAR, EMPTY_200, EMPTY_204, NO_CACHE, Answer, json_answer, text
from chalicelib.http.call import Call
from chalicelib.http.paging import Family, Window, page, window
from chalicelib.http.routes import ANYONE, Routes
from chalicelib.packages import download, lists, reads, render
from chalicelib.packages.errors import STATUS
from chalicelib.packages.facts.routes import routes as facts
from chalicelib.packages.lists import Below
from chalicelib.packages.search.routes import routes as search
from chalicelib.packages.settings.routes import routes as settings
from chalicelib.packages.unlisting.routes import routes as unlisting
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.packages import changes, license_gate

routes = Routes("packages", STATUS)
routes.include(settings, search, facts, unlisting)
RELEASE = "/depot/pkgs/{origin}/{pkg}/{version}/{release}"
LISTED: dict[str, Any] = {"needs": ANYONE, "hides_private": True, "identity_along": True}


def _list_request(call: Call) -> tuple[Window, bool]:
    return window(Family.P, call.integer("range")), call.flag("distinct")


@routes.get("/depot/pkgs/{origin}", reads=_list_request, **LISTED)
@routes.get("/depot/pkgs/{origin}/{pkg}", reads=_list_request, **LISTED)
@routes.get("/depot/pkgs/{origin}/{pkg}/{version}", reads=_list_request, **LISTED)
def list_packages(call: Call, asked: tuple[Window, bool]) -> Answer:
    """Idents below an origin, name or version, or with `distinct` the names (5.1)."""
    wanted, distinct = asked
    below = Below(call["origin"], call.path.get("pkg"), call.path.get("version"))
    listing = lists.names if distinct else lists.idents
    rows, total = listing(below, wanted.offset, wanted.size, call.caller)
    return page(wanted, [render.listed(row) for row in rows], total)


@routes.get(
    "/depot/{origin}/pkgs",
    reads=lambda call: (window(Family.S, call.integer("range")), call.flag("distinct"))[0],
    **LISTED,
)
def list_settings(call: Call, wanted: Window) -> Answer:
    """The package settings of an origin (5.2)."""
    origin = call["origin"]
    rows, total = lists.settings(origin, wanted.offset, wanted.size, call.caller)
    return page(wanted, [render.settings(origin, row) for row in rows], total)


@routes.get("/depot/pkgs/{origin}/{pkg}/versions", needs=ANYONE, hides_private=True)
def list_versions(call: Call) -> Answer:
    """The versions of a name, newest first (5.3)."""
    member = call.caller.role_in(call["origin"]) is not None
    rows = lists.versions(call["origin"], call["pkg"], member)
    return json_answer(200, [render.version(row) for row in rows], NO_CACHE)


@routes.get("/depot/pkgs/{origin}/{pkg}/latest", needs=ANYONE, hides_private=True, identity_along=True)
@routes.get("/depot/pkgs/{origin}/{pkg}/{version}/latest", needs=ANYONE, hides_private=True, identity_along=True)
def latest(call: Call) -> Answer:
    """The newest release of a name or version for the caller's target (5.4)."""
    row = reads.latest(call["origin"], call["pkg"], call.path.get("version"), call.target, call.caller)
    return json_answer(200, render.package(row), NO_CACHE)


@routes.get(RELEASE, needs=ANYONE, hides_private=True, identity_along=True)
def show(call: Call) -> Answer:
    """A package by its ident, for any target (5.5); shared caches may keep public ones only (platform.md 1.7)."""
    row = reads.exact(call.ident, call.target, call.caller)
    return json_answer(200, render.package(row), CACHE_YEAR if row.visibility == Visibility.PUBLIC else NO_CACHE)


@routes.get(RELEASE + "/channels", needs=ANYONE, hides_private=True, identity_along=True)
def list_channels(call: Call) -> Answer:
    """The channels that a package is in (5.6)."""
    places = reads.memberships(call.ident, call.target, call.caller)
    return json_answer(200, [render.membership(place) for place in places], NO_CACHE)


@routes.get(RELEASE + "/download", needs=ANYONE, hides_private=True, identity_along=True)
def download_archive(call: Call) -> Answer:
    """The archive's bytes, or the way to them (5.7)."""
    row = reads.downloadable(call.ident, call.target, call.caller)
    try:
        license_gate.demand_license(package_rows.channels_of(row), call.caller)
    except LicenseRefused as refusal:
        return text(refusal.status, refusal.text)
    return download.answer(row, plain=call.query("redirect") == "s3")


def _upload_request(call: Call) -> tuple[Target, str, bool]:
    forced = call.flag("forced")
    changes.demand_valid_ident(call.ident)
    return call.target, call.query("checksum"), forced


@routes.post(RELEASE, needs=Role.MEMBER, scope=Scope.UPLOAD, reads=_upload_request)
def upload(call: Call, announced: tuple[Target, str, bool]) -> Answer:
    """Publish an archive (section 7). Reading archives is imported here, because no other route needs it."""
    from chalicelib.packages.source import RawBody
    from chalicelib.packages.upload import Upload, publish

    target, checksum, forced = announced
    uploader = call.caller.require_session().account_id
    publish(Upload(call.ident, target, checksum, forced, uploader), RawBody(call.body))
    return text(201, f"/pkgs/{call.ident}/download", {"Location": call.request_uri})


@routes.delete(RELEASE, needs=Role.MEMBER, scope=Scope.ADMIN)
def delete(call: Call) -> Answer:
    """Remove a package (8.1)."""
    changes.delete(call.ident, call.target)
    return EMPTY_204


@routes.patch(
    RELEASE + "/{visibility}",
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    reads=lambda call: changes.wanted_visibility(call.ident, call["visibility"]),
)
def set_visibility(call: Call, visibility: Visibility) -> Answer:
    """Change who sees an ident, on all its targets (8.2)."""
    changes.set_visibility(call.ident, visibility)
    return EMPTY_200
