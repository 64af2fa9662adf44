"""The statuses that follow from a declaration."""

from typing import Any

import pytest
from msgspec import Struct

from chalicelib.core.roles import Role
from chalicelib.http.answer import EMPTY_200, Answer
from chalicelib.http.caching import Cached
from chalicelib.http.call import Call
from chalicelib.http.errors import ErrorTable, PassedOn
from chalicelib.http.routes import ANYONE, SESSION, Content, Route
from chalicelib.http.statuses import declared_statuses, refusals
from chalicelib.identity.errors import STATUS as IDENTITY
from chalicelib.identity.errors import MachineRefused, RoleMissing, ScopeMissing, SessionMissing, TokenRefused


class Missing(Exception):
    """A domain error."""


class Refused(PassedOn):
    """An error of another service."""


class Shape(Struct):
    """A query or body."""


class Paging(Struct):
    """A query with a number."""

    range: int = 0


class Demanding(Struct):
    """A query with a required text."""

    channel: str


class Texts(Struct):
    """A query that every request fits, because all parameters are texts and none is required."""

    target: str | None = None
    channel: str = ""


TABLE = ErrorTable(IDENTITY, {Missing: 404})
ALWAYS = {401, 503}


def handle(_: Call) -> Answer:
    return EMPTY_200


def statuses(method: str = "GET", needs: Any = ANYONE, **more: Any) -> set[int]:
    """The statuses of a route, without that of an answer that the client has already."""
    return set(declared_statuses(Route(method, "/x/{origin}", handle, needs, **more), TABLE)) - {304}


@pytest.mark.parametrize(
    ("method", "cached", "expected"),
    [
        ("GET", Cached.CLIENT, True),
        ("GET", Cached.NEVER, False),
        ("HEAD", Cached.CLIENT, False),
        ("PUT", Cached.CLIENT, False),
    ],
)
def test_a_get_with_a_validator_may_be_304(method: str, cached: Cached, expected: bool) -> None:
    route = Route(method, "/x", handle, ANYONE, cached=cached, answers={200: None})

    assert (304 in declared_statuses(route, TABLE)) is expected


@pytest.mark.parametrize(
    ("declaration", "further"),
    [
        ({}, set()),
        ({"answers": {200: Shape, 206: Shape}}, {200, 206, 422}),
        ({"answers": {200: Content.TEXT}}, {200}),
        ({"answers": {200: None}}, {200}),
        ({"answers": {201: Shape}, "method": "POST"}, {201}),
        ({"errors": (Missing,)}, {404}),
        ({"query": Paging}, {400}),
        ({"query": Demanding}, {400}),
        ({"query": Texts}, set()),
        ({"body": Shape}, {400, 413}),
        ({"optional_body": Shape}, {400, 413}),
        ({"body": Content.TEXT}, {413}),
        ({"needs": SESSION}, {403}),
        ({"needs": SESSION, "method": "POST"}, {403, 422}),
        ({"needs": Role.MEMBER}, {403}),
        ({"needs": Role.MEMBER, "refused": 401}, {401, 403}),
    ],
)
def test_each_part_of_a_declaration_implies_statuses(declaration: dict[str, Any], further: set[int]) -> None:
    assert statuses(**declaration) == ALWAYS | further


def test_a_passed_on_refusal_may_have_any_status_but_success() -> None:
    assert statuses(errors=(Refused,)) == ALWAYS | set(range(300, 600)) - {304}


def test_refusals_are_ordered_by_status_and_name_their_errors() -> None:
    route = Route("GET", "/x/{origin}", handle, Role.MEMBER, errors=(Missing,), refused=401)

    causes = refusals(route, TABLE)

    assert list(causes) == sorted(causes)
    assert causes[401] == [TokenRefused, SessionMissing, RoleMissing]
    assert causes[403] == [MachineRefused, ScopeMissing]
    assert causes[404] == [Missing]
