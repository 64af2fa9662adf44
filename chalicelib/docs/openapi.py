"""The OpenAPI 3.1 document of the declared routes."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from chalicelib.docs.prose import description, reasons, summary
from chalicelib.docs.schemas import Schemas, path_parameters, query_parameters
from chalicelib.http.errors import ErrorTable, PassedOn
from chalicelib.http.routes import ANYONE, Route
from chalicelib.http.statuses import refusals

TITLE = "Habitat Builder"
INTRODUCTION = (
    "Errors have an empty body or a short text (`text/plain`) that explains them. An invalid token is 401 on "
    "every path, even where no token is needed. Ids are strings of decimal digits; times are UTC without a zone."
)
BEARER = "A web session, a personal access token, or a named token, whose scopes limit what it may do."


def document(routes: Sequence[Route], errors: ErrorTable) -> dict[str, Any]:
    """Return the document of some routes. Paths are relative to `/v1`."""
    schemas = Schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=lambda route: (route.path, route.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, errors)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": "1",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/v1"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": BEARER}},
        },
    }


def _operation(route: Route, schemas: Schemas, errors: ErrorTable) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", route.name).strip("_"),
        "tags": [_tag(route.path)],
        "summary": summary(route),
        "description": description(route),
        "parameters": [*path_parameters(route.path), *query_parameters(route.query)],
        "security": _security(route),
        "responses": _responses(route, schemas, errors),
    }
    body = route.body or route.optional_body
    if body is not None:
        operation["requestBody"] = {"required": route.optional_body is None, "content": schemas.content(body)}
    return operation


def _tag(path: str) -> str:
    words = [word for word in path.split("/") if word and not word.startswith("{")]
    return words[1] if words[0] == "depot" and len(words) > 1 else words[0]


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.needs is ANYONE:
        return [{}, {"bearer": []}]
    return [{"bearer": [] if route.needed_scope is None else [str(route.needed_scope)]}]


def _responses(route: Route, schemas: Schemas, errors: ErrorTable) -> dict[str, Any]:
    refused = refusals(route, errors)
    responses = {
        str(status): _response(status, refused.get(status, []), schemas.content(route.answers.get(status)))
        for status in sorted({*route.answers, *refused})
    }
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
