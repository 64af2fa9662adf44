"""Origins as tests need them."""

from tests.api.client import Depot
from tests.builders.names import a_name


def an_origin(depot: Depot, owner: str = "bobo", name: str | None = None, visibility: str | None = None) -> str:
    """Create an origin through the API and give its name."""
    name = name or a_name("origin")
    wanted = {"name": name} | ({"default_package_visibility": visibility} if visibility else {})
    reply = depot.post("/depot/origins", by=owner, json=wanted)
    assert reply.status == 201, reply
    return name


def the_origin(depot: Depot, name: str) -> str:
    """The origin of bobo that real archives and keys are of; made by the test that needs it first."""
    reply = depot.post("/depot/origins", by="bobo", json={"name": name})
    assert reply.status in (201, 409), reply
    return name
