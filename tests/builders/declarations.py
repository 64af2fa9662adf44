"""The declarations of the app's routes, as tests compare answers with them."""

from collections.abc import Mapping
from typing import Any

from chalicelib.docs.openapi import document
from chalicelib.http.app import App
from chalicelib.http.route_tree import RouteTree
from chalicelib.http.statuses import declared_statuses

SERVED_BY_THE_FRONT = frozenset({206, 416})
"""Statuses of requests with `Range`: the local front answers them, not the API."""

UNEXPECTED = 500
"""The status of an unexpected error, which some tests raise in order to interrupt a request."""

SOMETIMES_WITH_BODY = frozenset({"/notify", "/depot/events/saas"})
"""Paths whose success has JSON or an empty body, which OpenAPI cannot express."""


class DeclaredStatuses:
    """The statuses that the routes of an app declare."""

    def __init__(self, app: App) -> None:
        self._tree = RouteTree(app.routes)
        self._routes = {(route.method, route.path): route for route in app.declared}
        self._errors = app.errors
        self._paths: Mapping[str, Any] = document(app.declared, app.errors)["paths"]

    def require(self, method: str, raw_path: str, headers: Mapping[str, str], status: int) -> None:
        """Fail if the route of a request does not declare the status. Unknown paths and 500 are not checked."""
        match = self._tree.match(raw_path)
        route = None if match is None else self._routes.get((method, match.resource))
        if route is None or status == UNEXPECTED:
            return
        statuses = declared_statuses(route, self._errors)
        if any(name.lower() == "range" for name in headers):
            statuses |= SERVED_BY_THE_FRONT
        assert status in statuses, f"{route.name} answered {status}, but declares {sorted(statuses)}"

    def require_content(self, method: str, raw_path: str, status: int, content_type: str | None) -> None:
        """Fail if the OpenAPI document describes another content for the status. None: an empty body.

        A refusal without described content may have a text.
        """
        match = self._tree.match(raw_path)
        if match is None or (match.resource in SOMETIMES_WITH_BODY and status == 200):
            return
        operation = self._paths.get(match.resource, {}).get(method.lower(), {})
        response = operation.get("responses", {}).get(str(status))
        if response is None:
            return
        allowed: set[str | None] = set(response.get("content", {}))
        if not allowed:
            allowed = {None, "text/plain"} if status >= 400 else {None}
        sent = content_type and content_type.partition(";")[0]
        assert sent in allowed, f"{method} {raw_path} answered {status} with {sent}, but the document has {allowed}"
