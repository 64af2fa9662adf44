"""Project integrations over HTTP (builds.md 2.8)."""

from __future__ import annotations

from typing import Any

from chalicelib.catalog.errors import OriginMissing, TooManyInOrigin
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import EMPTY_204, Answer
from chalicelib.http.call import Call
from chalicelib.http.routes import Content, Routes
from chalicelib.projects.errors import ProjectIntegrationInvalid, ProjectIntegrationMissing

with deferred():
    from chalicelib.projects.integrations import service

routes = Routes("project integrations")
INTEGRATION = "/projects/{origin}/{pkg}/integrations/{integration}/default"

BODY_LIMIT = 16 * 1024


@routes.get(
    INTEGRATION,
    needs=Role.READONLY_MEMBER,
    answers={200: Any},
    errors=(ProjectIntegrationMissing,),
)
def show_project_integration(call: Call) -> Answer:
    """Return the JSON value that a project sets for an integration of its origin."""
    body = service.show(call["origin"], call["pkg"], call["integration"])
    return Answer(200, body, "application/json")


@routes.put(
    INTEGRATION,
    needs=Role.MAINTAINER,
    scope=Scope.ADMIN,
    body=Content.TEXT,
    answers={204: None},
    errors=(OriginMissing, ProjectIntegrationInvalid, ProjectIntegrationMissing, TooManyInOrigin),
)
def store_project_integration(call: Call) -> Answer:
    """Store what a project sets for an integration of its origin: any JSON value, for all targets of the project."""
    body = call.body_within(BODY_LIMIT)
    service.put(call["origin"], call["pkg"], call["integration"], body, call.caller.require_session())
    return EMPTY_204


@routes.delete(INTEGRATION, needs=Role.MAINTAINER, scope=Scope.ADMIN, answers={204: None}, errors=(OriginMissing,))
def delete_project_integration(call: Call) -> Answer:
    """Delete what a project sets for an integration of its origin, if it does."""
    service.remove(call["origin"], call["pkg"], call["integration"], call.caller.require_session())
    return EMPTY_204
