"""An OpenAPI 3.1 document of the declared routes, in our own words (design.md section 3)."""

import re
from collections.abc import Iterable
from typing import Any

from chalicelib.core.roles import Role
from chalicelib.http.routes import ANYONE, Route

TITLE = "Habitat Builder"
_VARIABLE = r"{(\w+)}"


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The document of some routes; paths are relative to `/v1`."""
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=lambda route: (route.path, route.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/v1"}],
        "paths": paths,
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }


def summary(route: Route) -> str:
    """What a route does: the first line of its handler's docstring."""
    return (route.handler.__doc__ or "").strip().partition("\n")[0]


def permission(route: Route) -> str:
    """Who may call a route, and how a refusal looks."""
    if route.needs is ANYONE:
        return "Anybody" + ("; what is private is shown to members only." if route.hides_private else ".")
    if isinstance(route.needs, Role):
        return f"Members of the origin from the role {route.needs}; others are refused with {route.refused}."
    return "Any signed-in account."


def _operation(route: Route) -> dict[str, Any]:
    anonymous: list[dict[str, list[str]]] = [{}] if route.needs is ANYONE else []
    return {
        "operationId": re.sub(r"\W+", "_", route.name).strip("_"),
        "tags": [_tag(route.path)],
        "summary": summary(route),
        "description": permission(route),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(_VARIABLE, route.path)
        ],
        "security": [*anonymous, {"bearer": []}],
        "responses": {
            "2XX": {"description": "Done."},
            "4XX": {"description": "Refused, mostly without a body; a text says in one line what was wrong."},
        },
    }


def _tag(path: str) -> str:
    words = [word for word in path.split("/") if word and not word.startswith("{")]
    return words[1] if words[0] == "depot" and len(words) > 1 else words[0]
