"""The personal access token (accounts.md 3.2, 8.2)."""

import re
from typing import Any

import pytest

from tests.api.client import Depot
from tests.builders.accounts import Account, an_account

NO_CACHE = "private, no-cache, no-store"


def generate(depot: Depot, account: Account) -> dict[str, Any]:
    reply = depot.post("/profile/access-tokens", by=account.token)
    assert reply.status == 200
    return dict(reply.json())


def test_a_new_account_has_no_token(depot: Depot) -> None:
    reply = depot.get("/profile/access-tokens", by=an_account().token)

    assert (reply.status, reply.text) == (200, '{"tokens":[]}')
    assert reply.headers["Cache-Control"] == NO_CACHE


def test_a_generated_token_is_returned_with_its_text_and_listed_with_it(depot: Depot) -> None:
    account = an_account()

    token = generate(depot, account)

    assert token == {
        "id": token["id"],
        "account_id": account.id,
        "token": token["token"],
        "created_at": token["created_at"],
    }
    assert re.fullmatch(r"_[A-Za-z0-9+/]+=*", token["token"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", token["created_at"])
    assert depot.get("/profile/access-tokens", by=account.token).json() == {"tokens": [token]}


def test_the_token_authenticates_its_account(depot: Depot) -> None:
    account = an_account()
    token = generate(depot, account)["token"]

    assert depot.get("/profile", by=token).json()["id"] == account.id


@pytest.mark.parametrize("trimmed", [0, 1, 2])
def test_padding_at_the_end_of_a_token_does_not_matter(depot: Depot, trimmed: int) -> None:
    token = generate(depot, an_account())["token"].rstrip("=") + "=" * trimmed

    assert depot.get("/profile", by=token).status == 200


def test_a_new_token_replaces_the_old_one_at_once(depot: Depot) -> None:
    account = an_account()
    old = generate(depot, account)

    new = generate(depot, account)

    assert new == old | {"token": new["token"]}
    assert new["token"] != old["token"]
    assert depot.get("/profile", by=old["token"]).status == 401
    assert depot.get("/profile", by=new["token"]).status == 200


def test_a_token_may_replace_itself(depot: Depot) -> None:
    old = generate(depot, an_account())["token"]

    new = depot.post("/profile/access-tokens", by=old).json()["token"]

    assert depot.get("/profile", by=old).status == 401
    assert depot.get("/profile", by=new).status == 200


def test_a_revoked_token_is_refused_everywhere_at_once(depot: Depot) -> None:
    account = an_account()
    token = generate(depot, account)
    assert depot.get("/status", by=token["token"]).status == 200

    reply = depot.delete(f"/profile/access-tokens/{token['id']}", by=account.token)

    assert (reply.status, reply.body) == (200, b"")
    assert depot.get("/status", by=token["token"]).status == 401
    assert depot.get("/profile/access-tokens", by=account.token).json() == {"tokens": []}


def test_a_token_generated_after_a_revocation_has_another_id(depot: Depot) -> None:
    account = an_account()
    old = generate(depot, account)
    depot.delete(f"/profile/access-tokens/{old['id']}", by=account.token)

    assert int(generate(depot, account)["id"]) > int(old["id"])


def test_the_token_of_another_account_cannot_be_revoked(depot: Depot) -> None:
    account = an_account()
    token = generate(depot, account)

    reply = depot.delete(f"/profile/access-tokens/{token['id']}", by=an_account().token)

    assert (reply.status, reply.text) == (401, "Unauthorized access.")
    assert depot.get("/status", by=token["token"]).status == 200


def test_a_token_that_does_not_exist_cannot_be_revoked(depot: Depot) -> None:
    reply = depot.delete("/profile/access-tokens/1", by=an_account().token)

    assert (reply.status, reply.text) == (401, "Unauthorized access.")


@pytest.mark.parametrize("token_id", ["x", "-1", "1.0", "%31%20", "18446744073709551616", "9" * 5000, "%D9%A3"])
@pytest.mark.parametrize("by", ["bobo", None])
def test_an_id_that_is_not_a_64_bit_number_is_422_even_without_a_session(
    depot: Depot, token_id: str, by: str | None
) -> None:
    reply = depot.delete(f"/profile/access-tokens/{token_id}", by=by)

    assert (reply.status, reply.text) == (422, "Error parsing access token.")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_the_largest_64_bit_number_is_an_id(depot: Depot) -> None:
    assert depot.delete("/profile/access-tokens/18446744073709551615", by=an_account().token).status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/profile/access-tokens"), ("POST", "/profile/access-tokens"), ("DELETE", "/profile/access-tokens/1")],
)
def test_without_a_session_every_request_is_401(depot: Depot, method: str, path: str) -> None:
    reply = depot.request(method, path)

    assert (reply.status, reply.body) == (401, b"")


def test_a_body_is_ignored_when_a_token_is_generated(depot: Depot) -> None:
    reply = depot.post("/profile/access-tokens", by=an_account().token, body=b"{not json")

    assert reply.status == 200


@pytest.mark.parametrize("damage", ["_", "_AAAA", "_!!!!", "_" + "QUJD" * 50])
def test_a_malformed_token_is_refused(depot: Depot, damage: str) -> None:
    assert depot.get("/status", by=damage).status == 401


def test_a_token_with_a_changed_character_is_refused(depot: Depot) -> None:
    token = generate(depot, an_account())["token"]
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]

    assert depot.get("/status", by=changed).status == 401
