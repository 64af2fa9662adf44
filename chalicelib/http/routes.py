"""Declarations of routes: everything about an operation in one place.

A domain declares its operations on a `Routes`, which is a Chalice blueprint. Request parsing, authorisation, the scopes
of named tokens, the OpenAPI document and the tests of permissions and statuses are derived from these declarations.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Response
from msgspec import UNSET, Struct, UnsetType

from chalicelib.core.builds.build_access import JobUse
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http.answer import Answer
from chalicelib.http.caching import Cached

Handler = Callable[..., Answer]
Reader = Callable[..., Any]


class Access(Enum):
    """Who may call a route that does not need a role."""

    ANYONE = "anyone"
    SESSION = "any signed-in account"
    WORKER = "a worker"
    JOB = "the worker that holds the job in the path"


class Content(Enum):
    """The content type of a body that is not JSON."""

    TEXT = "text/plain"
    BYTES = "application/octet-stream"
    HTML = "text/html"


Needs = Access | Role
ANYONE = Access.ANYONE
SESSION = Access.SESSION
WORKER = Access.WORKER
JOB = Access.JOB
ACCOUNT_ONLY = None
"""The scope of an operation that no named token may call: only the account itself can."""

Shape = type[Struct] | Content | Any
"""A struct, a list of structs, a kind of content, or None for an empty body."""


class Route(Struct, frozen=True):
    """One operation.

    - `needs`: who may call it. A role is checked in the origin of the path before the handler runs.
    - `scope`: the scope that a named token needs; `ACCOUNT_ONLY` refuses every named token. The default is
      `Scope.READ`; writes always declare a scope.
    - `refused`: the status when the role is missing.
    - `query`, `body`: the shapes of the query and of the body. The parsed values are passed to the handler, in this
      order.
    - `optional_body`: the shape of a body that may be left out; `reads` parses it.
    - `reads_id`: called with the call first of all, because a malformed id in the path is refused before a malformed
      query (builds.md 3.3). Its result comes first among the parsed values.
    - `reads`: called with the call and the parsed values before the caller is authorised, because the contract puts
      some refusals before 401 (packages.md 1.2). The handler then receives its result instead of the parsed values.
    - `answers`: the shape of the body of each successful status.
    - `errors`: the domain errors that the operation raises. Those of parsing and authorisation follow from the rest
      (statuses.py).
    - `hides_private`: answers leave out what the caller may not see.
    - `cached`: who may store the answers of a GET.
    - `checked_inside`: the service checks the role, because the rule needs more than the path.
    - `job_use`: the use for which the token of a job may call the operation; None: not at all, unless it is open to
      anyone.
    - `identity_along`: the rows that prove the caller are read with the rows of the answer, which saves a call.
    """

    method: str
    path: str
    handler: Handler
    needs: Needs
    scope: Scope | UnsetType | None = UNSET
    refused: int = 403
    query: type[Struct] | None = None
    body: Shape = None
    optional_body: type[Struct] | None = None
    reads_id: Reader | None = None
    reads: Reader | None = None
    answers: Mapping[int, Shape] = {}
    errors: tuple[type[Exception], ...] = ()
    hides_private: bool = False
    cached: Cached = Cached.CLIENT
    checked_inside: bool = False
    identity_along: bool = False
    job_use: JobUse | None = None

    @property
    def name(self) -> str:
        """`METHOD /path`, as logs and tables show it."""
        return f"{self.method} {self.path}"

    @property
    def is_revalidated(self) -> bool:
        """True if the answers have a validator, so that the status may be 304."""
        return self.method == "GET" and self.can_succeed and self.cached is not Cached.NEVER

    @property
    def can_succeed(self) -> bool:
        """False for a route that refuses every request, such as the methods that `/status` answers with 405."""
        return not self.answers or min(self.answers) < HTTPStatus.BAD_REQUEST

    @property
    def needed_scope(self) -> Scope | None:
        """The scope that a named token needs, or `ACCOUNT_ONLY`."""
        return Scope.READ if isinstance(self.scope, UnsetType) else self.scope


class Routes(Blueprint):
    """The routes of one domain, in the order of their declarations.

    `errors` is the domain's table of errors and statuses. `parts` are the routes of resources within the domain.
    """

    def __init__(self, domain: str, errors: Mapping[type[Exception], int] | None = None) -> None:
        super().__init__(domain)
        self.domain = domain
        self.errors = dict(errors or {})
        self.declared: list[Route] = []
        self.parts: list[Routes] = []

    def include(self, *parts: "Routes") -> None:
        """Register the routes of resources within the domain together with its own."""
        self.parts.extend(parts)

    def on(self, methods: Sequence[str], path: str, needs: Needs, **more: Any) -> Callable[[Handler], Handler]:
        """Declare a handler for some methods of a path."""

        def declare(handler: Handler) -> Handler:
            for method in methods:
                route = Route(method, path, handler, needs, **more)
                self.declared.append(route)
                self.route(path, methods=[method], content_types=["*/*"], name=handler.__name__)(self._view(route))
            return handler

        return declare

    def get(self, path: str, needs: Needs, **more: Any) -> Callable[[Handler], Handler]:
        """Declare a GET."""
        return self.on(["GET"], path, needs, **more)

    def post(self, path: str, needs: Needs, **more: Any) -> Callable[[Handler], Handler]:
        """Declare a POST."""
        return self.on(["POST"], path, needs, **more)

    def put(self, path: str, needs: Needs, **more: Any) -> Callable[[Handler], Handler]:
        """Declare a PUT."""
        return self.on(["PUT"], path, needs, **more)

    def patch(self, path: str, needs: Needs, **more: Any) -> Callable[[Handler], Handler]:
        """Declare a PATCH."""
        return self.on(["PATCH"], path, needs, **more)

    def delete(self, path: str, needs: Needs, **more: Any) -> Callable[[Handler], Handler]:
        """Declare a DELETE."""
        return self.on(["DELETE"], path, needs, **more)

    def _view(self, route: Route) -> Callable[..., Response]:
        def view(**variables: str) -> Response:
            app: Any = self.current_app
            answer: Response = app.respond(route, variables)
            return answer

        return view
