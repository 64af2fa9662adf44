"""Named tokens, our own addition (accounts.md 3.4)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.client import Depot
from tests.builders.accounts import Account, an_account
from tests.builders.origins import an_origin

NO_CACHE = "private, no-cache, no-store"


def make(depot: Depot, account: Account, **change: Any) -> dict[str, Any]:
    reply = depot.post("/profile/tokens", by=account.token, json={"name": "ci", "scopes": ["read"]} | change)
    assert reply.status == 201, reply
    return dict(reply.json())


def tokens_of(depot: Depot, account: Account) -> list[dict[str, Any]]:
    return list(depot.get("/profile/tokens", by=account.token).json()["tokens"])


def test_the_text_of_a_token_is_returned_once_and_not_listed(depot: Depot) -> None:
    account = an_account()

    reply = depot.post("/profile/tokens", by=account.token, json={"name": "ci bot", "scopes": ["upload", "read"]})

    made = reply.json()
    assert (reply.status, reply.headers["Cache-Control"]) == (201, NO_CACHE)
    assert re.fullmatch(r"bldr_[A-Za-z0-9_-]{64}", made["token"])
    assert made == {
        "id": made["id"],
        "name": "ci bot",
        "scopes": ["read", "upload"],
        "origin": None,
        "created_at": made["created_at"],
        "expires_at": None,
        "last_used_at": None,
        "token": made["token"],
    }
    listing = depot.get("/profile/tokens", by=account.token)
    assert (listing.status, listing.headers["Cache-Control"]) == (200, NO_CACHE)
    del made["token"]
    assert listing.json() == {"tokens": [made]}


def test_a_token_authenticates_its_account(depot: Depot) -> None:
    account = an_account()
    token = make(depot, account)["token"]

    assert depot.get("/profile", by=token).json()["id"] == account.id


def test_an_account_has_several_named_tokens_besides_its_access_token(depot: Depot) -> None:
    account = an_account()
    first, second = make(depot, account, name="one"), make(depot, account, name="two")
    access_token = depot.post("/profile/access-tokens", by=account.token).json()["token"]

    assert [token["name"] for token in tokens_of(depot, account)] == ["one", "two"]
    assert {depot.get("/status", by=token).status for token in (first["token"], second["token"], access_token)} == {200}


def test_a_revoked_token_is_refused_at_once(depot: Depot) -> None:
    account = an_account()
    token = make(depot, account)
    assert depot.get("/status", by=token["token"]).status == 200

    reply = depot.delete(f"/profile/tokens/{token['id']}", by=account.token)

    assert (reply.status, reply.body) == (204, b"")
    assert depot.get("/status", by=token["token"]).status == 401
    assert tokens_of(depot, account) == []


@pytest.mark.parametrize("token_id", ["1", "x", "-1"])
def test_a_token_that_does_not_exist_cannot_be_revoked(depot: Depot, token_id: str) -> None:
    assert depot.delete(f"/profile/tokens/{token_id}", by=an_account().token).status == 404


def test_the_token_of_another_account_cannot_be_revoked(depot: Depot) -> None:
    token = make(depot, an_account())

    assert depot.delete(f"/profile/tokens/{token['id']}", by=an_account().token).status == 404
    assert depot.get("/status", by=token["token"]).status == 200


def test_a_token_may_expire(depot: Depot) -> None:
    account = an_account()
    earliest = datetime.now(UTC).replace(microsecond=0)
    token = make(depot, account, expires_in=30)
    latest = datetime.now(UTC)

    ends = datetime.fromisoformat(token["expires_at"]).replace(tzinfo=UTC)

    assert earliest <= ends - timedelta(days=30) <= latest
    assert token["expires_at"] == tokens_of(depot, account)[0]["expires_at"]


def test_the_last_use_is_listed(depot: Depot) -> None:
    account = an_account()
    token = make(depot, account)["token"]

    depot.get("/profile", by=token)

    used = tokens_of(depot, account)[0]["last_used_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", used)
    depot.get("/profile", by=token)
    assert tokens_of(depot, account)[0]["last_used_at"] == used


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\u2028b"}, "name"),
        ({"name": "\u202ea"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "write"]}, "write"),
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": 3651}, "expires_in"),
        ({"origin": "no-such-origin"}, "no-such-origin"),
        ({"origin": ""}, "origin"),
    ],
)
def test_a_value_that_is_not_allowed_is_422_with_a_text_that_names_it(depot: Depot, change: Any, named: str) -> None:
    reply = depot.post("/profile/tokens", by="bobo", json={"name": "ci", "scopes": ["read"]} | change)

    assert reply.status == 422
    assert named in reply.text


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": 1},
        {"name": None},
        {"scopes": "read"},
        {"scopes": [1]},
        {"scopes": None},
        {"expires_in": "1"},
        {"expires_in": True},
        {"expires_in": 1.5},
        {"origin": 1},
    ],
)
def test_a_field_of_a_wrong_type_is_400_even_without_a_session(depot: Depot, change: Any) -> None:
    sent = {} if not change else {"name": "ci", "scopes": ["read"]} | change

    assert depot.post("/profile/tokens", json=sent).status == 400


def test_an_account_has_50_tokens_at_most(depot: Depot) -> None:
    account = an_account()
    for _ in range(50):
        make(depot, account)

    reply = depot.post("/profile/tokens", by=account.token, json={"name": "ci", "scopes": ["read"]})

    assert (reply.status, "50" in reply.text) == (409, True)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/profile/tokens"), ("POST", "/profile/tokens"), ("DELETE", "/profile/tokens/1")]
)
def test_without_a_session_every_request_is_401(depot: Depot, method: str, path: str) -> None:
    json = {"name": "ci", "scopes": ["read"]} if method == "POST" else None
    reply = depot.request(method, path, json=json)

    assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize("damage", ["bldr_", "bldr_" + "A" * 64, "bldr_x!"])
def test_a_malformed_token_is_refused(depot: Depot, damage: str) -> None:
    assert depot.get("/status", by=damage).status == 401


def test_a_token_with_a_changed_secret_is_refused(depot: Depot) -> None:
    token = make(depot, an_account())["token"]
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")

    assert depot.get("/status", by=changed).status == 401


def test_a_token_bound_to_an_origin_is_not_a_member_of_others(depot: Depot) -> None:
    account = an_account()
    home, other = an_origin(depot, owner=account.token), an_origin(depot, owner=account.token)
    token = make(depot, account, scopes=["admin"], origin=home)["token"]

    assert depot.get(f"/depot/origins/{home}/users", by=token).status == 200
    assert depot.get(f"/depot/origins/{other}/users", by=token).status == 403
    assert depot.get(f"/depot/origins/{other}", by=token).status == 200


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (["read"], set()),
        (["upload"], {"key"}),
        (["promote"], {"channel"}),
        (["upload", "promote"], {"key", "channel"}),
        (["admin"], {"key", "channel", "visibility", "origin"}),
    ],
)
def test_a_token_may_do_what_its_scopes_cover(depot: Depot, scopes: list[str], allowed: set[str]) -> None:
    account = an_account()
    origin = an_origin(depot, owner=account.token)
    token = make(depot, account, scopes=scopes)["token"]

    replies = {
        "key": depot.post(f"/depot/origins/{origin}/keys/20240805120128", by=token, body=b"no key"),
        "channel": depot.post(f"/depot/channels/{origin}/testing", by=token),
        "visibility": depot.put(f"/depot/origins/{origin}", by=token, json={}),
        "origin": depot.post("/depot/origins", by=token, json={"name": f"{origin}-too"}),
    }

    assert {what for what, reply in replies.items() if reply.status != 403} == allowed
    assert all("scope" in reply.text for what, reply in replies.items() if what not in allowed)
    assert depot.get(f"/depot/origins/{origin}/users", by=token).status == 200


def test_a_token_bound_to_an_origin_changes_nothing_elsewhere(depot: Depot) -> None:
    account = an_account()
    home, other = an_origin(depot, owner=account.token), an_origin(depot, owner=account.token)
    token = make(depot, account, scopes=["promote", "admin"], origin=home)["token"]

    assert depot.post(f"/depot/channels/{home}/testing", by=token).status == 201
    assert depot.post(f"/depot/channels/{other}/testing", by=token).status == 403
    assert depot.post("/depot/origins", by=token, json={"name": f"{home}-too"}).status == 403
    assert depot.patch("/profile", by=token, json={"email": "x@example.com"}).status == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/profile/access-tokens"),
        ("POST", "/profile/access-tokens"),
        ("DELETE", "/profile/access-tokens/1"),
        ("GET", "/profile/tokens"),
        ("POST", "/profile/tokens"),
        ("DELETE", "/profile/tokens/1"),
    ],
)
def test_a_named_token_cannot_generate_list_or_revoke_tokens(depot: Depot, method: str, path: str) -> None:
    token = make(depot, an_account(), scopes=["read", "upload", "promote", "admin"])["token"]
    json = {"name": "ci", "scopes": ["read"]} if method == "POST" else None

    assert depot.request(method, path, by=token, json=json).status == 403
