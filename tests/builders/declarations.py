"""The declarations of the app's routes, as tests compare answers with them."""

from collections.abc import Mapping

from chalicelib.http.app import App
from chalicelib.http.statuses import declared_statuses
from local.routing import RouteTree

SERVED_BY_THE_FRONT = frozenset({206, 416})
"""Statuses of requests with `Range`: the local front answers them, not the API."""

UNEXPECTED = 500
"""The status of an unexpected error, which some tests raise in order to interrupt a request."""


class DeclaredStatuses:
    """The statuses that the routes of an app declare."""

    def __init__(self, app: App) -> None:
        self._tree = RouteTree(app.routes)
        self._routes = {(route.method, route.path): route for route in app.declared}
        self._errors = app.errors

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
