"""Every route declares everything once, and handlers, errors and scopes agree with it (chalicelib/http/routes.py)."""

from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
from msgspec import UNSET

from app import app
from chalicelib.core.roles import Role
from chalicelib.http.errors import PassedOn
from chalicelib.http.routes import ANYONE, JOB, SESSION, WORKER, Content, Route
from chalicelib.http.statuses import READS

ROUTES = list(app.declared)


def each(routes: list[Route]) -> Callable[[Any], Any]:
    return pytest.mark.parametrize("route", routes, ids=lambda route: route.name)


def parsed_types(route: Route) -> list[Any]:
    """The types of the values that are passed to the handler, or to `reads`, after the call."""
    body = None if isinstance(route.body, Content) else route.body
    ids = [] if route.reads_id is None else [int]
    return ids + [shape for shape in (route.query, body) if shape is not None]


def parameter_types(function: Callable[..., Any]) -> list[Any]:
    """The annotations of a function's parameters after the first, which is the call."""
    hints = get_type_hints(function)
    hints.pop("return", None)
    return list(hints.values())[1:]


@each(ROUTES)
def test_a_write_names_the_scope_that_a_named_token_needs(route: Route) -> None:
    assert route.method in READS or route.needs is ANYONE or route.scope is not UNSET


@each([route for route in ROUTES if route.reads is None])
def test_a_handler_takes_the_declared_query_and_body(route: Route) -> None:
    assert parameter_types(route.handler) == parsed_types(route)


@each([route for route in ROUTES if route.reads is not None and "<lambda>" not in route.reads.__name__])
def test_a_handler_takes_what_the_declared_reader_returns(route: Route) -> None:
    assert route.reads is not None
    assert parameter_types(route.reads) == parsed_types(route)
    assert parameter_types(route.handler) == [get_type_hints(route.reads)["return"]]


@each(ROUTES)
def test_every_declared_error_has_a_status(route: Route) -> None:
    without = [kind for kind in route.errors if app.errors.status_of(kind) is None and not issubclass(kind, PassedOn)]

    assert without == []


@each(ROUTES)
def test_no_error_is_declared_twice(route: Route) -> None:
    assert len(route.errors) == len(set(route.errors))


@each(ROUTES)
def test_a_role_needs_an_origin(route: Route) -> None:
    if isinstance(route.needs, Role):
        assert "{origin}" in route.path or route.checked_inside
    else:
        assert route.needs in (ANYONE, SESSION, WORKER, JOB)


@each(ROUTES)
def test_identity_is_read_with_the_answer_only_if_no_session_is_needed(route: Route) -> None:
    # The declared reader of the first one proves the caller. The role check does so for an upload, with what it needs.
    others = {"/user/origins", "/depot/pkgs/{origin}/{pkg}/{version}/{release}"}
    assert not route.identity_along or route.needs is ANYONE or route.path in others
