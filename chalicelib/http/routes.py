"""A route is a declaration: path, who may call, how a refusal looks and what is read first stand together (style.md).

Permission table, inventory, OpenAPI document and authorisation matrix are derived from these declarations.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from chalicelib.core.roles import Role
from chalicelib.http.answer import Answer

Handler = Callable[..., Answer]
Reader = Callable[..., Any]


class Access(Enum):
    """Who may call a route that asks for no role."""

    ANYONE = "anyone"
    SESSION = "any signed-in account"


Needs = Access | Role
ANYONE = Access.ANYONE
SESSION = Access.SESSION


class Route(NamedTuple):
    """One operation.

    `needs` is checked on the origin in the path before the handler runs; `refused` is the status when the role is
    missing. `reads` is called with the request before any role is checked, and its value handed to the handler
    (packages.md 1.2). `hides_private` says that answers leave out what the caller may not see. `checked_inside` marks a
    route whose rule needs more than the path (its service checks the role). `identity_along` lets the rows that tell
    who calls be read together with the rows of the answer, which saves a call to the table.
    """

    method: str
    path: str
    handler: Handler
    needs: Needs
    refused: int = 403
    reads: Reader | None = None
    hides_private: bool = False
    checked_inside: bool = False
    identity_along: bool = False

    @property
    def name(self) -> str:
        """`METHOD /path`, as logs and tables show it."""
        return f"{self.method} {self.path}"


class Routes:
    """The routes of one domain, in the order in which they are declared."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.declared: list[Route] = []

    def on(self, methods: Sequence[str], path: str, needs: Needs, **more: Any) -> Callable[[Handler], Handler]:
        """Declare a handler for some methods of a path."""

        def declare(handler: Handler) -> Handler:
            self.declared.extend(Route(method, path, handler, needs, **more) for method in methods)
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
