"""POST /depot/origins (accounts.md 8.4)."""

import re

import pytest
from msgspec.structs import replace

from chalicelib.origins import service
from chalicelib.platform.config import config
from tests.api.client import Depot
from tests.builders.names import a_name
from tests.builders.origins import an_origin

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


def test_the_caller_owns_a_new_origin_which_is_public_by_default(depot: Depot) -> None:
    name = a_name("origin")

    reply = depot.post("/depot/origins", by="bobo", json={"name": name})

    assert reply.status == 201
    created = reply.json()
    assert list(created) == ["owner_id", "name", "created_at", "updated_at", "default_package_visibility"]
    assert created["owner_id"] == depot.get("/profile", by="bobo").json()["id"]
    assert created["name"] == name
    assert TIME.fullmatch(created["created_at"])
    assert created["updated_at"] == created["created_at"]
    assert created["default_package_visibility"] == "public"
    assert "Cache-Control" not in reply.headers


def test_a_new_origin_has_an_owner_two_channels_and_no_keys(depot: Depot) -> None:
    origin = an_origin(depot)

    assert depot.get(f"/depot/origins/{origin}/users", by="bobo").json() == {"origin": origin, "members": ["bobo"]}
    assert depot.get(f"/depot/origins/{origin}/users/bobo/role", by="bobo").text == '{"role":"owner"}'
    assert depot.get(f"/depot/channels/{origin}").json() == [{"name": "stable"}, {"name": "unstable"}]
    assert depot.get(f"/depot/origins/{origin}/keys").text == "[]"
    assert origin in [own["name"] for own in depot.get("/user/origins", by="bobo").json()]


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_a_visibility_in_the_body_is_the_default_of_packages(depot: Depot, visibility: str) -> None:
    body = {"name": a_name("origin"), "default_package_visibility": visibility, "unknown": 1}

    reply = depot.post("/depot/origins", by="bobo", json=body)

    assert (reply.status, reply.json()["default_package_visibility"]) == (201, visibility)


def test_a_null_visibility_is_public(depot: Depot) -> None:
    body = {"name": a_name("origin"), "default_package_visibility": None}

    assert depot.post("/depot/origins", by="bobo", json=body).json()["default_package_visibility"] == "public"


def test_a_taken_name_is_409(depot: Depot) -> None:
    origin = an_origin(depot)

    for user in ("bobo", "mystique"):
        reply = depot.post("/depot/origins", by=user, json={"name": origin})
        assert (reply.status, reply.body) == (409, b"")


@pytest.mark.parametrize("name", ["", "-acme", "_acme", "Acme", "ac me", "acme.", "acme\n", "a/b", "ä", "a" * 256])
def test_an_invalid_name_is_417(depot: Depot, name: str) -> None:
    reply = depot.post("/depot/origins", by="bobo", json={"name": name})

    assert (reply.status, reply.body) == (417, b"")


def test_a_name_may_have_255_characters_and_start_with_a_digit(depot: Depot) -> None:
    name = ("0_" + a_name("origin")).ljust(255, "x")

    assert an_origin(depot, name=name) == name
    assert depot.get(f"/depot/origins/{name}").status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": None},
        {"name": 7},
        [],
        "acme",
        {"name": "acme", "default_package_visibility": "Public"},
        {"name": "acme", "default_package_visibility": ""},
        {"name": "acme", "default_package_visibility": 1},
    ],
)
def test_a_malformed_body_is_400_even_without_a_session(depot: Depot, body: object) -> None:
    for user in ("bobo", None):
        reply = depot.post("/depot/origins", by=user, json=body)
        assert reply.status == 400
        assert reply.text.startswith("Json deserialize error: ")


def test_a_missing_body_or_another_content_type_is_400(depot: Depot) -> None:
    assert depot.post("/depot/origins", by="bobo").status == 400
    reply = depot.post("/depot/origins", by="bobo", body=b'{"name":"acme"}', headers={"Content-Type": "text/plain"})
    assert reply.status == 400


def test_an_anonymous_caller_is_401(depot: Depot) -> None:
    reply = depot.post("/depot/origins", json={"name": a_name("origin")})

    assert (reply.status, reply.body) == (401, b"")


def test_accounts_missing_from_the_list_of_creators_are_403_before_the_name_is_checked(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "config", replace(config, origin_creators=("bobo", "mystique")))

    reply = depot.post("/depot/origins", by="hank", json={"name": "Not a name"})

    assert (reply.status, reply.body) == (403, b"")
    an_origin(depot, owner="mystique")
