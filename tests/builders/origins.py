"""Origins, created through the API."""

from tests.api.client import Depot
from tests.builders.names import a_name


def an_origin(depot: Depot, owner: str = "bobo", name: str | None = None, visibility: str | None = None) -> str:
    """Create an origin and return its name. `visibility` is its default package visibility."""
    name = name or a_name("origin")
    body = {"name": name} | ({"default_package_visibility": visibility} if visibility else {})
    reply = depot.post("/depot/origins", by=owner, json=body)
    assert reply.status == 201, reply
    return name


def the_origin(depot: Depot, name: str) -> str:
    """Return bobo's origin with a given name, which the client's archives and keys need; create it if necessary."""
    reply = depot.post("/depot/origins", by="bobo", json={"name": name})
    assert reply.status in (201, 409), reply
    return name
