"""GET and PUT /depot/origins/{origin} (accounts.md 8.4)."""

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


def test_an_origin_is_shown_to_everybody(depot: Depot) -> None:
    origin = an_origin(depot, owner="mystique")
    owner_id = depot.get("/profile", by="mystique").json()["id"]

    for user in (None, "bobo", "mystique"):
        reply = depot.get(f"/depot/origins/{origin}", by=user)
        assert reply.status == 200
        assert reply.text == (
            f'{{"owner_id":"{owner_id}","name":"{origin}","private_key_name":"",'
            '"default_package_visibility":"public","owner_account":"mystique"}'
        )
        assert reply.headers["Cache-Control"] == "private, no-cache, no-store"


def test_an_unknown_origin_is_404(depot: Depot) -> None:
    for name in (a_name("origin"), "Not a name", "%2F", "x" * 3000):
        reply = depot.get(f"/depot/origins/{name.replace(' ', '%20')}")
        assert (reply.status, reply.body) == (404, b"")


def test_a_bad_token_is_401_even_here(depot: Depot) -> None:
    reply = depot.get(f"/depot/origins/{an_origin(depot)}", by="nobody")

    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize(
    ("sent", "result"),
    [
        ({"default_package_visibility": "private", "name": "other", "owner_id": "1"}, "private"),
        ({"default_package_visibility": "hidden"}, "hidden"),
        ({"default_package_visibility": None}, "public"),
        ({}, "public"),
    ],
)
def test_an_administrator_changes_the_default_visibility(depot: Depot, sent: dict[str, str], result: str) -> None:
    origin = an_origin(depot, visibility="hidden")
    a_member(depot, origin, "mystique", "administrator")

    reply = depot.put(f"/depot/origins/{origin}", by="mystique", json=sent)

    assert (reply.status, reply.body) == (204, b"")
    assert depot.get(f"/depot/origins/{origin}").json()["default_package_visibility"] == result
    assert depot.get(f"/depot/origins/{origin}").json()["name"] == origin


def test_who_may_not_change_it(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "maintainer")

    for place, user, status in (
        (origin, None, 401),
        (origin, "wesker", 403),
        (origin, "mystique", 403),
        (a_name("origin"), "bobo", 403),
    ):
        reply = depot.put(f"/depot/origins/{place}", by=user, json={"default_package_visibility": "private"})
        assert (reply.status, reply.body) == (status, b"")
    assert depot.get(f"/depot/origins/{origin}").json()["default_package_visibility"] == "public"


@pytest.mark.parametrize("visibility", ["Private", "", 3, ["private"]])
def test_another_visibility_is_400_even_without_a_session(depot: Depot, visibility: object) -> None:
    reply = depot.put(f"/depot/origins/{an_origin(depot)}", json={"default_package_visibility": visibility})

    assert reply.status == 400
