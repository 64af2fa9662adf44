"""Unlisting over HTTP; our own path (docs/OPERATING.md)."""

from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.core.roles import Role
from chalicelib.core.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, Answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Routes
from chalicelib.platform.deferred import deferred

with deferred():
    from chalicelib.packages.unlisting import service

routes = Routes("packages")
UNLISTED = "/unlisted/{origin}/{pkg}/{version}/{release}"


@routes.put(UNLISTED, needs=Role.MAINTAINER, scope=Scope.ADMIN, answers={204: None}, errors=(ReleaseMissing,))
def unlist(call: Call) -> Answer:
    """Hide a release from all lists but those of members; it can still be downloaded by its ident."""
    service.unlist(call.ident)
    return EMPTY_204


@routes.delete(UNLISTED, needs=Role.MAINTAINER, scope=Scope.ADMIN, answers={204: None}, errors=(ReleaseMissing,))
def list_again(call: Call) -> Answer:
    """List a release again, with the visibility of its package settings."""
    service.list_again(call.ident)
    return EMPTY_204
