"""GET and PUT /depot/origins/{origin} (accounts.md 8.4)."""

import pytest

from tests.api.client import Depot
from tests.builders.lifetimes import NO_CACHE, SHARED
from tests.builders.members import a_member, refused_callers
from tests.builders.names import a_name
from tests.builders.origins import an_origin


def test_every_caller_can_read_an_origin(depot: Depot) -> None:
    origin = an_origin(depot, owner="mystique")
    owner_id = depot.get("/profile", by="mystique").json()["id"]

    for user in (None, "bobo", "mystique"):
        reply = depot.get(f"/depot/origins/{origin}", by=user)
        assert reply.status == 200
        assert reply.text == (
            f'{{"owner_id":"{owner_id}","name":"{origin}","private_key_name":"",'
            '"default_package_visibility":"public","owner_account":"mystique"}'
        )
        assert reply.headers["Cache-Control"] == (NO_CACHE if user == "mystique" else SHARED)


def test_an_unknown_origin_is_404(depot: Depot) -> None:
    for name in (a_name("origin"), "Not a name", "%2F", "x" * 3000):
        reply = depot.get(f"/depot/origins/{name.replace(' ', '%20')}")
        assert (reply.status, reply.body) == (404, b"")


def test_a_bad_token_is_401_on_a_public_path(depot: Depot) -> None:
    reply = depot.get(f"/depot/origins/{an_origin(depot)}", by="not-a-token")

    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize(
    ("body", "visibility"),
    [
        ({"default_package_visibility": "private", "name": "other", "owner_id": "1"}, "private"),
        ({"default_package_visibility": "hidden"}, "hidden"),
        ({"default_package_visibility": None}, "public"),
        ({}, "public"),
    ],
)
def test_an_administrator_can_change_the_default_visibility(depot: Depot, body: object, visibility: str) -> None:
    origin = an_origin(depot, visibility="hidden")
    a_member(depot, origin, "mystique", "administrator")

    reply = depot.put(f"/depot/origins/{origin}", by="mystique", json=body)

    assert (reply.status, reply.body) == (204, b"")
    assert depot.get(f"/depot/origins/{origin}").json()["default_package_visibility"] == visibility
    assert depot.get(f"/depot/origins/{origin}").json()["name"] == origin


def test_callers_below_administrator_cannot_change_it(depot: Depot) -> None:
    origin = an_origin(depot)

    for name, user, status in refused_callers(depot, origin, "maintainer"):
        reply = depot.put(f"/depot/origins/{name}", by=user, json={"default_package_visibility": "private"})
        assert (reply.status, reply.body) == (status, b"")
    assert depot.get(f"/depot/origins/{origin}").json()["default_package_visibility"] == "public"


@pytest.mark.parametrize("visibility", ["Private", "", 3, ["private"]])
def test_an_invalid_visibility_is_400_even_without_a_session(depot: Depot, visibility: object) -> None:
    reply = depot.put(f"/depot/origins/{an_origin(depot)}", json={"default_package_visibility": visibility})

    assert reply.status == 400
