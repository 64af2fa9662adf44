"""The Chalice application: routes, the error table, and fixes for binary answers and threads (platform.md 4.6)."""

import base64
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from chalice.app import Chalice, Response

from chalicelib.core.deferred import deferred
from chalicelib.http import pipeline
from chalicelib.http.answer import TEXT_TYPES, Answer
from chalicelib.http.errors import ErrorTable
from chalicelib.http.events import header, rest_event
from chalicelib.http.route_tree import RouteTree
from chalicelib.http.routes import Route, Routes
from chalicelib.platform import logs, metrics, retry_budget
from chalicelib.platform.config import config

with deferred():
    from chalicelib.platform import site

BROWSER_HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN"}
"""Headers of every answer, so that no browser runs what users have stored (platform.md 1.8)."""


class App(Chalice):
    """A Chalice application for several threads. It accepts requests without `Accept` and sends text without Base64.

    Lambda runs one request at a time. The local front does not, so the current request is stored per thread.
    `errors` are the error tables of folders that declare no routes. `paths` are all declared paths with their methods;
    a request is matched to one of them before the domain that declares it is loaded.
    """

    def __init__(
        self, name: str, *errors: Mapping[type[Exception], int], paths: Mapping[str, Collection[str]] | None = None
    ) -> None:
        self._paths = paths
        self._per_thread = threading.local()
        self._views: dict[str, dict[str, Any]] = defaultdict(dict)
        self._declared: list[Route] = []
        self._later: list[Callable[[], Iterable[Routes]]] = []
        super().__init__(name)
        self.api.binary_types = ["*/*"]
        self.errors = ErrorTable(*errors, load_rest=self._register_rest)

    def register(self, *domains: Routes) -> None:
        """Register the routes and the errors of domains and of their parts."""
        for domain in domains:
            for routes in _with_parts(domain):
                self.register_blueprint(routes)
                self._declared.extend(routes.declared)
                self.errors.add(routes.errors)

    def register_later(self, domains: Callable[[], Iterable[Routes]]) -> None:
        """Register domains at the first request that needs one of them, or when all routes are listed.

        Such a request has a path that is not registered yet, or fails with an error that is not in the table yet. The
        read path then starts without the modules of all other routes. `domains` loads and returns them.
        """
        self._later.append(domains)

    @property
    def declared(self) -> list[Route]:
        """All routes, in the order of their registration."""
        self._register_rest()
        return self._declared

    @property
    def routes(self) -> dict[str, dict[str, Any]]:
        """Chalice's entries by path and method. Packaging and tests get all of them; a request needs only its own."""
        if not getattr(self._per_thread, "serves_registered_path", False):
            self._register_rest()
        return self._views

    @routes.setter
    def routes(self, views: dict[str, dict[str, Any]]) -> None:
        self._views = views

    def _register_rest(self) -> None:
        while self._later:
            self.register(*self._later.pop()())

    def respond(self, route: Route, variables: dict[str, str]) -> Response:
        """Return the response to the current request. `variables` are the path variables, still percent-encoded."""
        with retry_budget.shared_budget():
            return _as_chalice(pipeline.respond(route, self.current_request, variables, self.errors))

    @property
    def current_request(self) -> Any:
        return getattr(self._per_thread, "request", None)

    @current_request.setter
    def current_request(self, request: Any) -> None:
        self._per_thread.request = request

    @property
    def lambda_context(self) -> Any:
        return getattr(self._per_thread, "context", None)

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._per_thread.context = context

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        of_gateway = event.get("requestContext") or {}
        with logs.correlated(of_gateway.get("requestId"), context), metrics.measured():
            return _with_request_id(self._answered(event, context))

    def _answered(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        if config.only_through_site:
            refusal = pipeline.refuse_outside(header(event, site.KEY_HEADER), self.errors)
            if refusal is not None:
                return _as_chalice(refusal).to_dict()
        routed = rest_event(event, self._tree)
        if routed is None:
            return _as_chalice(pipeline.refuse_unknown(header(event, "authorization"), self.errors)).to_dict()
        self._per_thread.serves_registered_path = routed["resource"] in self._views
        try:
            return _text_as_text(super().__call__(routed, context))
        finally:
            self._per_thread.serves_registered_path = False

    @cached_property
    def _tree(self) -> RouteTree:
        """All declared paths. An app that does not know them has to load all domains first."""
        return RouteTree(self.routes if self._paths is None else self._paths)


def _with_request_id(response: dict[str, Any]) -> dict[str, Any]:
    """Add the id under which the log has the request, so that a client can name it (platform.md 1.1)."""
    request_id = logs.correlation_id()
    if request_id is not None:
        response["headers"]["x-request-id"] = request_id
    return response


def _with_parts(routes: Routes) -> Iterator[Routes]:
    yield routes
    for part in routes.parts:
        yield from _with_parts(part)


def _as_chalice(answer: Answer) -> Response:
    headers: dict[str, str | list[str]] = {**BROWSER_HEADERS, **answer.sent_headers}
    return Response(body=answer.body, status_code=answer.status, headers=headers)


def _text_as_text(response: dict[str, Any]) -> dict[str, Any]:
    """Undo the Base64 of JSON and text. Chalice applies it to all answers, because all types count as binary.

    Text that is not UTF-8, which another service may send, stays in Base64.
    """
    if not response.get("isBase64Encoded"):
        return response
    content_type = next((value for name, value in response["headers"].items() if name.lower() == "content-type"), "")
    if response["body"] and not content_type.startswith(TEXT_TYPES):
        return response
    try:
        body = base64.b64decode(response["body"]).decode()
    except UnicodeDecodeError:
        return response
    return {**response, "body": body, "isBase64Encoded": False}
