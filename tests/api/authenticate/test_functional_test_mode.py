"""Sign-in of the five test users (accounts.md section 4)."""

import pytest

from tests.api.client import Depot

USERS = {
    "bobo": "bobo@example.com",
    "mystique": "mystique@example.com",
    "hank": "hank@example.com",
    "wesker": "awesker@umbrella.corp",
    "lkennedy": "lkennedy@rcpd.gov",
}


@pytest.mark.parametrize(("name", "email"), USERS.items())
def test_the_name_is_the_code(depot: Depot, name: str, email: str) -> None:
    reply = depot.get(f"/authenticate/{name}")

    session = reply.json()
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert "Cache-Control" not in reply.headers
    assert session == {
        "id": session["id"],
        "name": name,
        "email": email,
        "token": session["token"],
        "flags": 0,
        "oauth_token": name,
    }
    assert 0 < int(session["id"]) < 2**63
    assert session["token"]
    assert not session["token"].startswith("_")


def test_the_session_token_authenticates_the_account(depot: Depot) -> None:
    session = depot.get("/authenticate/wesker").json()

    profile = depot.get("/profile", by=session["token"]).json()

    assert (profile["id"], profile["name"]) == (session["id"], "wesker")


def test_every_sign_in_starts_another_session_of_the_same_account(depot: Depot) -> None:
    first, second = depot.get("/authenticate/hank").json(), depot.get("/authenticate/hank").json()

    assert first["id"] == second["id"]
    assert first["token"] != second["token"]
    assert depot.get("/profile", by=first["token"]).status == 200
    assert depot.get("/profile", by="hank").json()["id"] == first["id"]


def test_sign_in_returns_the_email_of_the_provider_and_keeps_the_email_of_the_profile(depot: Depot) -> None:
    depot.patch("/profile", by="lkennedy", json={"email": "leon@home.example"})

    assert depot.get("/authenticate/lkennedy").json()["email"] == "lkennedy@rcpd.gov"
    assert depot.get("/profile", by="lkennedy").json()["email"] == "leon@home.example"


@pytest.mark.parametrize("code", ["ada", "BOBO", "bobo%20", "%2F"])
def test_any_other_code_is_an_empty_500(depot: Depot, code: str) -> None:
    reply = depot.get(f"/authenticate/{code}")

    assert (reply.status, reply.body) == (500, b"")


def test_any_other_bearer_is_an_empty_401(depot: Depot) -> None:
    reply = depot.get("/profile", by="ada")

    assert (reply.status, reply.body) == (401, b"")


def test_sign_in_needs_no_token_but_refuses_an_invalid_one(depot: Depot) -> None:
    assert depot.get("/authenticate/bobo", by="mystique").json()["name"] == "bobo"
    assert depot.get("/authenticate/bobo", by="unknown").status == 401


def test_sign_in_is_a_get(depot: Depot) -> None:
    reply = depot.post("/authenticate/bobo")

    assert (reply.status, reply.body) == (404, b"")
