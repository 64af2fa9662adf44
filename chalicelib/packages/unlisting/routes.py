"""Unlisting over HTTP (docs/ORIGINS.md)."""

from typing import Any

from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, Answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes

with deferred():
    from chalicelib.packages.unlisting import service

routes = Routes("packages")
UNLISTED = "/unlisted/{origin}/{pkg}/{version}/{release}"
WRITE: dict[str, Any] = {
    "needs": Role.MAINTAINER,
    "scope": Scope.ADMIN,
    "answers": {204: None},
    "errors": (ReleaseMissing,),
}


@routes.put(UNLISTED, **WRITE)
def unlist_package(call: Call) -> Answer:
    """Hide a release from everyone but members of the origin. It can still be downloaded by its ident."""
    service.unlist(call.ident, call.caller.require_session())
    return EMPTY_204


@routes.delete(UNLISTED, **WRITE)
def list_package_again(call: Call) -> Answer:
    """Show a release again, with the visibility in its package settings."""
    service.list_again(call.ident, call.caller.require_session())
    return EMPTY_204
