"""The operations that are served: those of the contract, and our additions."""

import re
from collections import defaultdict
from pathlib import Path

from app import app
from chalicelib.http.routes import Route

OPERATIONS = Path(__file__).parents[3] / "docs" / "contract" / "operations.md"

ADDITIONS = {
    # The only path that answers other methods with 405 (platform.md 1.1).
    "POST /status",
    "PUT /status",
    "PATCH /status",
    "DELETE /status",
    "OPTIONS /status",
    # Clients send PUT, the contract documents POST (packages.md 9.9).
    "PUT /depot/channels/{}/{}/pkgs/promote",
    "PUT /depot/channels/{}/{}/pkgs/demote",
    # Licences, which only the newest reference has (accounts.md 8.2).
    "GET /profile/license",
    "PUT /profile/license",
    # API Gateway prefers a literal segment to a variable on every method, so these need their own routes.
    "POST /depot/origins/{}/keys/latest",
    "POST /depot/origins/{}/secret_keys/latest",
    "POST /depot/pkgs/{}/{}/{}/latest",
    "PUT /depot/origins/{}/integrations/{}/names",
    "DELETE /depot/origins/{}/integrations/{}/names",
    "GET /depot/channels/{}/{}/pkgs/promote",
    "GET /depot/channels/{}/{}/pkgs/demote",
    "GET /depot/uploads/pkgs",
    "PATCH /projects/{}/{}/jobs",
    "PATCH /projects/{}/{}/integrations",
    # Our own: named tokens, the description of the API, unlisting and resumable uploads.
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
    # Our own: the progress of long changes (docs/ORIGINS.md).
    "GET /long-changes/{}",
    "GET /long-changes/{}/{}",
    # Our own: promotions of sets, deletions, retention, deprecations and facts (docs/ORIGINS.md).
    "POST /promotions/{}",
    "POST /demotions/{}",
    "POST /deletions/{}/{}/{}/{}",
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
    # Our own: details of jobs (docs/ORIGINS.md, "Builds").
    "GET /builds/jobs/{}",
    # Our own: workers (docs/ORIGINS.md).
    "GET /workers/{}",
    "POST /workers/{}",
    "DELETE /workers/{}/{}",
    "POST /work/claims",
    "POST /work/jobs/{}/heartbeat",
    "POST /work/jobs/{}/log",
    "POST /work/jobs/{}/result",
    # Our own: plans and the progress of job groups (docs/ORIGINS.md); a package called `status` (builds.md 6).
    "GET /builds/plans/{}/{}",
    "GET /builds/groups/{}",
    "POST /depot/pkgs/schedule/{}/status",
}


ROUTES: list[Route] = list(app.declared)


def _shape(name: str) -> str:
    return re.sub(r"{\w+}", "{}", name)


def _documented() -> list[tuple[str, bool]]:
    """The operations of the contract, and whether they are served."""
    rows = re.findall(r"^\| ([A-Z]+) \| `(/\S+)` \| .+ \| (yes|not yet) \|$", OPERATIONS.read_text(), re.MULTILINE)
    return [(_shape(f"{method} {path}"), served == "yes") for method, path, served in rows]


def test_the_contract_lists_98_operations_and_the_head_of_status_once() -> None:
    names = [name for name, _ in _documented()]

    assert len(names) == len(set(names)) == 99
    assert "HEAD /status" in names


def test_exactly_the_documented_operations_and_our_additions_are_served() -> None:
    served = {_shape(route.name) for route in ROUTES}

    assert served == {name for name, is_served in _documented() if is_served} | ADDITIONS


def test_no_addition_is_documented() -> None:
    assert ADDITIONS.isdisjoint(name for name, _ in _documented())


def test_no_route_is_declared_twice() -> None:
    names = [_shape(route.name) for route in ROUTES]

    assert len(names) == len(set(names))


def test_chalice_serves_exactly_the_declared_routes() -> None:
    served = {f"{method} {path}" for path, methods in app.routes.items() for method in methods}

    assert served == {route.name for route in ROUTES}


def test_a_position_in_the_path_tree_has_one_variable_name() -> None:
    """API Gateway refuses a second name at deployment, which Chalice does not check."""
    names: dict[str, set[str]] = defaultdict(set)
    for route in ROUTES:
        parts = route.path.split("/")
        for depth, part in enumerate(parts):
            if part.startswith("{"):
                names[_shape("/".join(parts[:depth]))].add(part)

    assert {position: variables for position, variables in names.items() if len(variables) > 1} == {}


def test_the_path_tree_fits_api_gateway() -> None:
    nodes = {
        "/".join(parts[:depth])
        for route in ROUTES
        for parts in [route.path.split("/")]
        for depth in range(1, len(parts) + 1)
    }

    assert len(nodes) < 300
