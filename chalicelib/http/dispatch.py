"""What happens to every request: who is it, can it be read, may they, then the handler; errors become statuses."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from chalice.app import Response

from chalicelib.accounts.caller import Caller, identify
from chalicelib.core.roles import Role
from chalicelib.core.token_scope import scope_needed
from chalicelib.events.kinds import trigger_of
from chalicelib.http.answer import Answer
from chalicelib.http.app import App
from chalicelib.http.call import Call
from chalicelib.http.errors import answer_to
from chalicelib.http.routes import ANYONE, Route, Routes
from chalicelib.platform import observe, patience
from chalicelib.platform.table import StoreUnavailable

mounted: list[Route] = []
"""Every route that is served, for those who describe the API."""


def mount(app: App, domains: Iterable[Routes]) -> None:
    """Give Chalice one view per path and method."""
    for routes in domains:
        mounted.extend(routes.declared)
        by_handler: dict[tuple[str, Callable[..., Any]], list[Route]] = defaultdict(list)
        for route in routes.declared:
            by_handler[route.path, route.handler].append(route)
        for (path, _), same in by_handler.items():
            view = _view(app, {route.method: route for route in same})
            app.route(path, methods=[route.method for route in same], content_types=["*/*"])(view)


def _view(app: App, by_method: dict[str, Route]) -> Callable[..., Response]:
    def view(**variables: str) -> Response:
        request = app.current_request
        with patience.bounded():
            return _as_chalice(respond(by_method[request.method], request, variables))

    route = next(iter(by_method.values()))
    view.__name__ = route.handler.__name__
    return view


def respond(route: Route, request: Any, variables: dict[str, str]) -> Answer:
    """Answer one request; whatever goes wrong becomes a status, never a stack trace."""
    started = time.perf_counter()
    caller: Caller | None = None
    try:
        headers = request.headers
        trigger = trigger_of(headers.get("user-agent") or "", headers.get("referer") or "")
        origin = unquote(variables["origin"]) if "origin" in variables else None
        caller = identify(headers.get("authorization"), origin, trigger)
        answer = _answer(route, Call(request, variables, caller))
    except Exception as problem:  # noqa: BLE001 - the rim: the error table decides, and the unexpected is logged and a 500
        answer = _refusal(problem, caller)
    observe.request(route, answer, started, caller)
    return answer


def _answer(route: Route, call: Call) -> Answer:
    if not route.identity_along:
        call.caller.settle()
    read = () if route.reads is None else (route.reads(call),)
    _authorise(route, call)
    answer = route.handler(call, *read)
    call.caller.settle()
    return answer


def _authorise(route: Route, call: Call) -> None:
    if route.needs is ANYONE:
        return
    call.caller.require_session()
    origin_comes_later = route.checked_inside and "origin" not in call.path
    call.caller.require_scope(scope_needed(route.method, route.path), origin_comes_later)
    if isinstance(route.needs, Role) and not route.checked_inside:
        call.caller.require_role(call["origin"], route.needs, refused=route.refused)


def _refusal(problem: Exception, caller: Caller | None) -> Answer:
    """A bad token outweighs every other refusal, also where identity was to be read along with the answer.

    Without a table nobody can say whose token is bad, and asking once more would only take longer.
    """
    if caller is not None and not isinstance(problem, StoreUnavailable):
        try:
            caller.settle()
        except Exception as worse:  # noqa: BLE001 - the rim, see respond
            return answer_to(worse)
    return answer_to(problem)


def _as_chalice(answer: Answer) -> Response:
    headers: dict[str, str | list[str]] = {**answer.sent_headers}
    return Response(body=answer.body, status_code=answer.status, headers=headers)
