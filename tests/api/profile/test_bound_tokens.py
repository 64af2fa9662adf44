"""Named tokens that are bound to one origin see and change nothing private of other origins of their account."""

import pytest

from tests.api.client import Depot
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, promote

DAYS = {"from_date": "2020-01-01", "to_date": "2100-01-01"}


@pytest.fixture(scope="module")
def origins(depot: Depot) -> tuple[str, str]:
    """Two private origins of bobo; the token is bound to the first."""
    return an_origin(depot, visibility="private"), an_origin(depot, visibility="private")


@pytest.fixture(scope="module")
def token(depot: Depot, origins: tuple[str, str]) -> str:
    body = {"name": "bound", "scopes": ["admin"], "origin": origins[0]}
    return str(depot.post("/profile/tokens", by="bobo", json=body).json()["token"])


def test_search_finds_private_packages_of_the_tokens_origin_only(
    depot: Depot, origins: tuple[str, str], token: str
) -> None:
    word = a_name("word")
    for origin in origins:
        a_package(depot, origin, name=word)

    found = depot.get(f"/depot/pkgs/search/{word}", by=token).json()["data"]

    assert {row["origin"] for row in found} == {origins[0]}


def test_events_of_private_packages_of_other_origins_are_not_shown(
    depot: Depot, origins: tuple[str, str], token: str
) -> None:
    name = a_name("package")
    for origin in origins:
        promote(depot, a_package(depot, origin, name=name), "stable")

    events = depot.get("/depot/events", by=token, query={**DAYS, "query": name}).json()["data"]

    assert {event["origin"] for event in events} == {origins[0]}


def test_the_origins_of_the_user_are_the_tokens_origin(depot: Depot, origins: tuple[str, str], token: str) -> None:
    assert [origin["name"] for origin in depot.get("/user/origins", by=token).json()] == [origins[0]]


def test_invitations_to_other_origins_are_neither_listed_nor_accepted(
    depot: Depot, origins: tuple[str, str], token: str
) -> None:
    inviting = an_origin(depot, owner="lkennedy")
    invitation = depot.post(f"/depot/origins/{inviting}/users/bobo/invitations", by="lkennedy").json()

    listed = depot.get("/user/invitations", by=token).json()
    accepted = depot.put(f"/depot/origins/{origins[0]}/invitations/{invitation['id']}", by=token)

    assert invitation["id"] not in [each["id"] for each in listed]
    assert accepted.status == 204
    assert depot.get(f"/depot/origins/{inviting}/users", by="lkennedy").json()["members"] == ["lkennedy"]
