"""GET /user/origins (accounts.md 8.3)."""

from tests.api.client import Depot
from tests.builders.accounts import an_account
from tests.builders.names import a_name
from tests.builders.origins import an_origin


def test_a_new_account_has_no_origins(depot: Depot) -> None:
    reply = depot.get("/user/origins", by=an_account().token)

    assert (reply.status, reply.text) == (200, "[]")
    assert "Cache-Control" not in reply.headers


def test_origins_are_listed_by_name(depot: Depot) -> None:
    account = an_account()
    base = a_name("origin")
    for name in (f"{base}-c", f"{base}-a", f"{base}-b"):
        an_origin(depot, owner=account.token, name=name)

    origins = depot.get("/user/origins", by=account.token).json()

    assert [origin["name"] for origin in origins] == [f"{base}-a", f"{base}-b", f"{base}-c"]
    assert list(origins[0].items()) == [
        ("owner_id", account.id),
        ("name", f"{base}-a"),
        ("created_at", origins[0]["created_at"]),
        ("updated_at", origins[0]["created_at"]),
        ("default_package_visibility", "public"),
        ("package_count", 0),
    ]


def test_an_origin_is_listed_with_the_fields_of_its_creation(depot: Depot) -> None:
    account = an_account()
    body = {"name": a_name("origin"), "default_package_visibility": "private"}
    created = depot.post("/depot/origins", by=account.token, json=body).json()

    assert depot.get("/user/origins", by=account.token).json() == [created | {"package_count": 0}]


def test_package_names_with_settings_are_counted(depot: Depot) -> None:
    account = an_account()
    origin = an_origin(depot, owner=account.token)
    for name in ("one", "two"):
        assert depot.post(f"/settings/{origin}/{name}", by=account.token).status == 201

    assert depot.get("/user/origins", by=account.token).json()[0]["package_count"] == 2


def test_a_deleted_origin_is_not_listed(depot: Depot) -> None:
    account = an_account()
    origin = an_origin(depot, owner=account.token)
    assert depot.delete(f"/depot/origins/{origin}", by=account.token).status == 204

    assert depot.get("/user/origins", by=account.token).json() == []


def test_an_anonymous_caller_is_401(depot: Depot) -> None:
    reply = depot.get("/user/origins")

    assert (reply.status, reply.body) == (401, b"")
