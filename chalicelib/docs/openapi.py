"""The OpenAPI 3.1 document of the declared routes."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from chalicelib.docs.operations import TAGS, operation_ids, tag
from chalicelib.docs.parameters import path_parameters, query_parameters
from chalicelib.docs.prose import description, has_text, reasons, summary
from chalicelib.docs.schemas import Schemas
from chalicelib.http.errors import ErrorTable, PassedOn
from chalicelib.http.routes import ANYONE, Content, Route
from chalicelib.http.statuses import refusals

TITLE = "Habitat Builder"
INTRODUCTION = """\
Errors have an empty body or a short text (`text/plain`) that explains them. A text is described as content if it is \
always there. An invalid token is 401 on every path, even where no token is needed. An unknown path or method is 404 \
with an empty body. Answers to GET have an `ETag`, unless they contain a secret: a request with `If-None-Match` is \
304 if the client has the answer already. Ids are strings of decimal digits; times are UTC without a zone.

Any request may also be refused before it reaches an operation: 413 if it is too large, 429 if there are too many \
requests at once, 504 if an answer takes too long."""
BEARER = "A web session, a personal access token, or a named token, whose scopes limit what it may do."


def document(routes: Sequence[Route], errors: ErrorTable) -> dict[str, Any]:
    """Return the document of some routes. Paths are relative to `/v1`."""
    described = [route for route in routes if route.can_succeed]
    schemas, ids = Schemas(described), operation_ids(described)
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(described, key=lambda route: (route.path, route.method)):
        operation = {"operationId": ids[route.name], **_operation(route, schemas, errors)}
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    used_tags = {tag(route.path) for route in described}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": "1",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/v1", "description": "This service."}],
        "tags": [{"name": name, "description": TAGS[name]} for name in sorted(used_tags & TAGS.keys())],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": BEARER}},
        },
    }


def _operation(route: Route, schemas: Schemas, errors: ErrorTable) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [tag(route.path)],
        "summary": summary(route),
        "description": description(route),
        "parameters": [*path_parameters(route.path), *query_parameters(route.query)],
        "security": _security(route),
        "responses": _responses(route, schemas, errors),
    }
    body = route.body or route.optional_body
    if body is not None:
        operation["requestBody"] = {"required": route.optional_body is None, "content": schemas.request(body)}
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.needs is ANYONE:
        return [{}, {"bearer": []}]
    return [{"bearer": [] if route.needed_scope is None else [str(route.needed_scope)]}]


def _responses(route: Route, schemas: Schemas, errors: ErrorTable) -> dict[str, Any]:
    refused = refusals(route, errors)
    responses = {}
    unchanged = {304} if route.is_revalidated else set()
    for status in sorted({*route.answers, *unchanged, *refused}):
        kinds = refused.get(status, [])
        texts = schemas.answer(Content.TEXT) if has_text(kinds) else {}
        responses[str(status)] = _response(status, kinds, texts | schemas.answer(route.answers.get(status)))
    passed_on = [kind for kind in route.errors if issubclass(kind, PassedOn)]
    if passed_on:
        responses["default"] = {"description": reasons(passed_on)}
    return responses


def _response(status: int, kinds: Sequence[type[Exception]], content: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = {"description": reasons(kinds) or HTTPStatus(status).phrase}
    if content:
        response["content"] = content
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return response
