"""The request pipeline: authenticate, parse, authorise, handle, map errors (docs/ARCHITECTURE.md, "A request")."""

import time
from typing import Any
from urllib.parse import unquote

from chalicelib.core.deferred import deferred
from chalicelib.core.events.event_kinds import trigger_of
from chalicelib.core.roles import Role
from chalicelib.http import caching
from chalicelib.http.answer import NO_CACHE, Answer, AnswerTooLarge, empty, text
from chalicelib.http.call import Call
from chalicelib.http.errors import ErrorTable
from chalicelib.http.routes import ANYONE, JOB, WORKER, Content, Route
from chalicelib.http.validators import Unchanged
from chalicelib.identity.caller import Caller, identify
from chalicelib.platform import metrics
from chalicelib.platform.logs import logger
from chalicelib.platform.table import StoreUnavailable

with deferred():
    from chalicelib.platform import site

UNKNOWN = "unknown"
"""The route that the log names if none is declared."""

OUTSIDE = "outside"
"""The route that the log names for a request that did not come through our distribution."""


def respond(route: Route, request: Any, variables: dict[str, str], errors: ErrorTable) -> Answer:
    """Answer one request. Every exception becomes a status; an unexpected exception is logged and becomes 500."""
    started = time.perf_counter()
    caller: Caller | None = None
    try:
        headers = request.headers
        trigger = trigger_of(headers.get("user-agent") or "", headers.get("referer") or "")
        origin = unquote(variables["origin"]) if "origin" in variables else None
        changes = route.method != "GET"
        caller = identify(headers.get("authorization"), origin, trigger, changes, is_for_jobs=route.needs is JOB)
        answer = _answer(route, Call(request, variables, caller))
    except Exception as problem:  # noqa: BLE001 - the outermost handler: the error table decides
        answer = _refusal(problem, caller, errors)
    _log(route.name, answer, started, caller)
    return answer


def refuse_outside(site_key: str | None, errors: ErrorTable) -> Answer | None:
    """Return the refusal of a request that did not come through our distribution, or None if it did."""
    started = time.perf_counter()
    try:
        if site.sent(site_key):
            return None
        answer = text(403, "Use the address of the distribution")
    except Exception as problem:  # noqa: BLE001 - the outermost handler: the error table decides
        answer = errors.answer_to(problem)
    _log(OUTSIDE, answer, started, None)
    return answer


def refuse_unknown(authorization: str | None, errors: ErrorTable) -> Answer:
    """Answer a request for which no route is declared: 404, or 401 for an invalid token (platform.md 1.4)."""
    started = time.perf_counter()
    caller: Caller | None = None
    try:
        caller = identify(authorization)
        caller.settle()
        answer = empty(404)
    except Exception as problem:  # noqa: BLE001 - the outermost handler: the error table decides
        answer = errors.answer_to(problem)
    _log(UNKNOWN, answer, started, caller)
    return answer


def _answer(route: Route, call: Call) -> Answer:
    if not route.identity_along:
        call.caller.settle()
    values = _parsed(route, call)
    _authorise(route, call)
    try:
        answer = route.handler(call, *values)
    except Unchanged:  # a 304 has the lifetime of the 200 that it replaces (RFC 9110, 15.4.5)
        answer = Answer(304, headers={} if route.cached is caching.Cached.CLIENT else NO_CACHE)
    call.caller.settle()
    if route.is_revalidated:
        answer = caching.finished(route.cached, route.query, call, answer)
    _demand_sendable(route, answer)
    return answer


def _demand_sendable(route: Route, answer: Answer) -> None:
    """Raise AnswerTooLarge if a function cannot return the answer, after logging which route made it."""
    try:
        answer.demand_sendable()
    except AnswerTooLarge:
        logger().error("answer too large", extra={"route": route.name, "bytes": len(answer.body)})
        raise


def _parsed(route: Route, call: Call) -> tuple[Any, ...]:
    values: tuple[Any, ...] = () if route.reads_id is None else (route.reads_id(call),)
    if route.query is not None:
        values += (call.query_as(route.query),)
    if route.body is not None and not isinstance(route.body, Content):
        values += (call.body_as(route.body),)
    return values if route.reads is None else (route.reads(call, *values),)


def _authorise(route: Route, call: Call) -> None:
    if route.needs is ANYONE:
        return
    if route.needs is WORKER:
        call.caller.require_worker()
        return
    if route.needs is JOB:
        call.caller.require_job(call["id"])
        return
    call.caller.require_job_use(route.job_use, call.path)
    origin_known_later = route.checked_inside and "origin" not in call.path
    call.caller.require_scope(route.needed_scope, origin_known_later)
    if isinstance(route.needs, Role) and not route.checked_inside:
        call.caller.require_role(call["origin"], route.needs, refused=route.refused)


def _refusal(problem: Exception, caller: Caller | None, errors: ErrorTable) -> Answer:
    """Return the answer to an error. A bad token takes precedence over every other error, so the token is proven first.

    If the table is unavailable, tokens cannot be checked, and another attempt would only take longer.
    """
    if caller is not None and not isinstance(problem, StoreUnavailable):
        try:
            caller.settle()
        except Exception as refusal:  # noqa: BLE001 - the outermost handler, see respond
            return errors.answer_to(refusal)
    return errors.answer_to(problem)


def _log(route: str, answer: Answer, started: float, caller: Caller | None) -> None:
    """Log a request by its route, with its metrics in the same line.

    Path, query and headers are left out, because they may contain tokens and codes.
    """
    milliseconds = round((time.perf_counter() - started) * 1000, 1)
    fields = {
        "route": route,
        "status": str(answer.status),
        "ms": milliseconds,
        "account": None if caller is None else caller.account_id,
    }
    measured = metrics.current().of_request(route, answer.status, milliseconds)
    logger().info("request", extra=fields | measured)
