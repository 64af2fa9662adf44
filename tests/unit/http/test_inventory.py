"""The routes served are the documented operations and our additions, each with a permission (design.md section 3)."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from app import app
from chalicelib.core.roles import Role
from chalicelib.http.routes import ANYONE, SESSION, Route

OPERATIONS = Path(__file__).parents[3] / "docs" / "contract" / "operations.md"

ADDITIONS = {
    # The one path where a wrong method is not a wrong path (platform.md 1.1).
    "POST /status",
    "PUT /status",
    "PATCH /status",
    "DELETE /status",
    "OPTIONS /status",
    # What clients really send for the documented POST (packages.md 9.9).
    "PUT /depot/channels/{}/{}/pkgs/promote",
    "PUT /depot/channels/{}/{}/pkgs/demote",
    # The newest server's licences (accounts.md 8.2).
    "GET /profile/license",
    "PUT /profile/license",
    # API Gateway does not go back from a literal to a variable, so these revisions and names need their own.
    "POST /depot/origins/{}/keys/latest",
    "POST /depot/origins/{}/secret_keys/latest",
    "PUT /depot/origins/{}/integrations/{}/names",
    "DELETE /depot/origins/{}/integrations/{}/names",
    "GET /depot/channels/{}/{}/pkgs/promote",
    "GET /depot/channels/{}/{}/pkgs/demote",
    # Our own: several tokens per account, and resumable uploads of any size.
    "GET /profile/tokens",
    "POST /profile/tokens",
    "DELETE /profile/tokens/{}",
    "GET /openapi.json",
    "GET /docs",
    "PUT /unlisted/{}/{}/{}/{}",
    "DELETE /unlisted/{}/{}/{}/{}",
    "POST /depot/uploads",
    "GET /depot/uploads/{}",
    "DELETE /depot/uploads/{}",
    "POST /depot/uploads/{}/complete",
    # Our own: looking after an origin's packages (docs/OPERATING.md).
    "POST /promotions/{}",
    "POST /demotions/{}",
    "GET /retention/{}",
    "PUT /retention/{}",
    "DELETE /retention/{}",
    "POST /retention/{}/run",
    *(
        f"{method} /deprecations/{{}}{below}"
        for method in ("GET", "PUT", "DELETE")
        for below in ("/{}", "/{}/{}", "/{}/{}/{}")
    ),
    "GET /packages/{}/{}/{}/{}",
}


def _routes() -> list[Route]:
    return list(app.declared)


def _shape(name: str) -> str:
    return re.sub(r"{\w+}", "{}", name)


def _documented() -> list[tuple[str, bool]]:
    """The documented operations, and whether they are served yet."""
    rows = re.findall(r"^\| ([A-Z]+) \| `(/\S+)` \| .+ \| (yes|not yet) \|$", OPERATIONS.read_text(), re.MULTILINE)
    return [(_shape(f"{method} {path}"), served == "yes") for method, path, served in rows]


def test_98_operations_and_the_head_of_status_are_documented_once() -> None:
    names = [name for name, _ in _documented()]

    assert len(names) == len(set(names)) == 99
    assert "HEAD /status" in names


def test_exactly_the_documented_operations_and_our_additions_are_served() -> None:
    served = {_shape(route.name) for route in _routes()}

    assert served == {name for name, is_served in _documented() if is_served} | ADDITIONS


def test_no_addition_is_documented() -> None:
    assert ADDITIONS.isdisjoint(name for name, _ in _documented())


def test_no_route_is_declared_twice() -> None:
    names = [_shape(route.name) for route in _routes()]

    assert len(names) == len(set(names))


def test_chalice_serves_what_is_declared() -> None:
    served = {f"{method} {path}" for path, methods in app.routes.items() for method in methods}

    assert served == {route.name for route in _routes()}


def test_a_position_in_the_path_tree_has_one_variable_name() -> None:
    """API Gateway refuses a second name at deployment; Chalice does not check."""
    names: dict[str, set[str]] = defaultdict(set)
    for route in _routes():
        parts = route.path.split("/")
        for depth, part in enumerate(parts):
            if part.startswith("{"):
                names[_shape("/".join(parts[:depth]))].add(part)

    assert {place: found for place, found in names.items() if len(found) > 1} == {}


def test_the_path_tree_fits_api_gateway() -> None:
    nodes = {
        "/".join(parts[:depth])
        for route in _routes()
        for parts in [route.path.split("/")]
        for depth in range(1, len(parts) + 1)
    }

    assert len(nodes) < 300


@pytest.mark.parametrize("route", _routes(), ids=lambda route: route.name)
def test_a_role_is_asked_for_where_an_origin_is_named(route: Route) -> None:
    if isinstance(route.needs, Role):
        assert "{origin}" in route.path or route.checked_inside
    else:
        assert route.needs in (ANYONE, SESSION)


@pytest.mark.parametrize("route", _routes(), ids=lambda route: route.name)
def test_identity_is_read_along_only_where_everybody_may_ask(route: Route) -> None:
    assert not route.identity_along or route.needs is ANYONE
