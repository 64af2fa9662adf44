"""The origins of a user (accounts.md 8.3)."""

from tests.builders.accounts import an_account
from tests.builders.names import a_name
from tests.builders.origins import an_origin


def test_somebody_new_has_no_origins(depot):
    reply = depot.get("/user/origins", by=an_account().token)

    assert (reply.status, reply.text) == (200, "[]")
    assert "Cache-Control" not in reply.headers


def test_own_origins_are_listed_by_name(depot):
    account = an_account()
    base = a_name("origin")
    for name in (f"{base}-c", f"{base}-a", f"{base}-b"):
        an_origin(depot, owner=account.token, name=name)

    origins = depot.get("/user/origins", by=account.token).json()

    assert [origin["name"] for origin in origins] == [f"{base}-a", f"{base}-b", f"{base}-c"]
    assert origins[0] == {
        "owner_id": account.id,
        "name": f"{base}-a",
        "created_at": origins[0]["created_at"],
        "updated_at": origins[0]["created_at"],
        "default_package_visibility": "public",
        "package_count": 0,
    }


def test_an_origin_tells_what_its_creation_told(depot):
    account = an_account()
    wanted = {"name": a_name("origin"), "default_package_visibility": "private"}
    created = depot.post("/depot/origins", by=account.token, json=wanted).json()

    assert depot.get("/user/origins", by=account.token).json() == [created | {"package_count": 0}]


def test_package_names_with_settings_are_counted(depot):
    account = an_account()
    origin = an_origin(depot, owner=account.token)
    for name in ("one", "two"):
        assert depot.post(f"/settings/{origin}/{name}", by=account.token).status == 201

    assert depot.get("/user/origins", by=account.token).json()[0]["package_count"] == 2


def test_a_deleted_origin_is_gone_from_the_list(depot):
    account = an_account()
    origin = an_origin(depot, owner=account.token)
    assert depot.delete(f"/depot/origins/{origin}", by=account.token).status == 204

    assert depot.get("/user/origins", by=account.token).json() == []


def test_nobody_has_no_list(depot):
    reply = depot.get("/user/origins")

    assert (reply.status, reply.body) == (401, b"")
