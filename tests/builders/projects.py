"""Projects, created through the API."""

from typing import Any

from tests.api.client import Depot, Reply

TESTAPP = "plan.sh"
"""The path of a plan that functional-test mode knows; its package is `testapp`."""


def connect(depot: Depot, origin: str, by: str | None = "bobo", **fields: Any) -> Reply:
    """Send a request that creates a project, by default that of `testapp` in functional-test mode."""
    body = {"origin": origin, "plan_path": TESTAPP, "installation_id": 17, "repo_id": 42, "name": "testapp"} | fields
    return depot.post("/projects", by=by, json={name: value for name, value in body.items() if value is not None})


def a_project(depot: Depot, origin: str, by: str = "bobo", **fields: Any) -> dict[str, Any]:
    """Create a project and return it."""
    reply = connect(depot, origin, by, **fields)
    assert reply.status == 201, reply
    project: dict[str, Any] = reply.json()
    return project
