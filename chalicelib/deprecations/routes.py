"""Deprecations over HTTP (docs/ORIGINS.md)."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog.errors import OriginMissing, ReleaseMissing
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.deprecations import shapes
from chalicelib.deprecations.errors import STATUS, DeprecationInvalid, DeprecationMissing
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Routes

with deferred():
    from chalicelib.deprecations import service

routes = Routes("deprecations", STATUS)
NAME = "/deprecations/{origin}/{pkg}"
VERSION = NAME + "/{version}"
RELEASE = VERSION + "/{release}"

SHOW: dict[str, Any] = {
    "needs": ANYONE,
    "hides_private": True,
    "cached": Cached.OUTSIDERS,
    "answers": {200: shapes.Deprecation},
    "errors": (DeprecationMissing, ReleaseMissing),
}
SET: dict[str, Any] = {
    "needs": Role.MAINTAINER,
    "scope": Scope.ADMIN,
    "body": shapes.NewDeprecation,
    "answers": {200: shapes.Deprecation},
    "errors": (DeprecationInvalid, OriginMissing, ReleaseMissing),
}
DELETE: dict[str, Any] = {
    "needs": Role.MAINTAINER,
    "scope": Scope.ADMIN,
    "answers": {204: None},
    "errors": (ReleaseMissing,),
}


@routes.get(NAME, **SHOW)
@routes.get(VERSION, **SHOW)
@routes.get(RELEASE, **SHOW)
def show_deprecation(call: Call) -> Answer:
    """Return the most specific deprecation that applies to a name, version or release."""
    row = service.applying(_subject(call), call.caller)
    return json_answer(200, shapes.Deprecation.of(row), NO_CACHE)


@routes.put(NAME, **SET)
@routes.put(VERSION, **SET)
@routes.put(RELEASE, **SET)
def set_deprecation(call: Call, body: shapes.NewDeprecation) -> Answer:
    """Deprecate a name, version or release, replacing its earlier deprecation."""
    row = service.deprecate(_subject(call), body.message, body.replacement, call.caller.require_session())
    return json_answer(200, shapes.Deprecation.of(row), NO_CACHE)


@routes.delete(NAME, **DELETE)
@routes.delete(VERSION, **DELETE)
@routes.delete(RELEASE, **DELETE)
def delete_deprecation(call: Call) -> Answer:
    """Delete the deprecation of a name, version or release. Does nothing if there is none."""
    service.delete(_subject(call), call.caller.require_session())
    return EMPTY_204


def _subject(call: Call) -> service.Subject:
    parts = tuple(call[part] for part in ("pkg", "version", "release") if part in call.path)
    return service.Subject.checked(call["origin"], parts)
