"""The statuses that a route answers with, derived from its declaration."""

from collections.abc import Iterator

from chalicelib.core.roles import Role
from chalicelib.http.answer import AnswerTooLarge
from chalicelib.http.body import BodyMalformed, BodyTooLarge
from chalicelib.http.errors import ErrorTable, PassedOn
from chalicelib.http.query import QueryMalformed, may_be_malformed
from chalicelib.http.routes import ANYONE, JOB, WORKER, Content, Route
from chalicelib.identity.errors import (
    AttemptOver,
    MachineRefused,
    RoleMissing,
    ScopeMissing,
    SessionMissing,
    TokenRefused,
)
from chalicelib.platform.aws import SecretUnavailable
from chalicelib.platform.row import KeyTooLong
from chalicelib.platform.table import StoreUnavailable

READS = frozenset({"GET", "HEAD"})
PASSED_ON = frozenset(range(300, 600))
"""The statuses with which another service may refuse."""


def declared_statuses(route: Route, errors: ErrorTable) -> frozenset[int]:
    """Return every status that a route may answer with: those of its answers and of all its errors."""
    passed_on = any(issubclass(kind, PassedOn) for kind in route.errors)
    unchanged = frozenset({304} if route.is_revalidated else ())
    refused = frozenset(refusals(route, errors)) | (PASSED_ON if passed_on else frozenset())
    return frozenset(route.answers) | unchanged | refused


def refusals(route: Route, errors: ErrorTable) -> dict[int, list[type[Exception]]]:
    """Return the errors of a route by status, ascending. Errors of the kind PassedOn are left out."""
    by_status: dict[int, list[type[Exception]]] = {}
    for kind in dict.fromkeys([*implied(route), *route.errors]):
        status = route.refused if issubclass(kind, RoleMissing) else errors.status_of(kind)
        if status is not None:
            by_status.setdefault(status, []).append(kind)
    return dict(sorted(by_status.items()))


def implied(route: Route) -> Iterator[type[Exception]]:
    """Yield the errors of parsing, authentication and authorisation that the rest of a declaration implies."""
    yield TokenRefused
    yield StoreUnavailable
    yield SecretUnavailable
    if route.query is not None and may_be_malformed(route.query):
        yield QueryMalformed
    if route.optional_body is not None or not (route.body is None or isinstance(route.body, Content)):
        yield BodyMalformed
    if route.optional_body is not None or route.body is not None:
        yield BodyTooLarge
    if route.method in READS and any(not isinstance(shape, Content) for shape in route.answers.values() if shape):
        yield AnswerTooLarge
    if route.needs is not ANYONE:
        yield SessionMissing
        yield MachineRefused
        if route.needs is JOB:
            yield AttemptOver
        elif route.needs is not WORKER:
            yield ScopeMissing
        if route.method not in READS:
            yield KeyTooLong
    if isinstance(route.needs, Role):
        yield RoleMissing
