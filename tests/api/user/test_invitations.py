"""GET /user/invitations (accounts.md 8.3)."""

from typing import Any

from tests.api.client import Depot
from tests.builders.accounts import Account, an_account
from tests.builders.origins import an_origin


def invite(depot: Depot, account: Account) -> dict[str, Any]:
    origin = an_origin(depot)
    reply = depot.post(f"/depot/origins/{origin}/users/{account.name}/invitations", by="bobo")
    assert reply.status == 201, reply
    invitation: dict[str, Any] = reply.json()
    return invitation


def pending(depot: Depot, account: Account) -> Any:
    return depot.get("/user/invitations", by=account.token).json()


def test_a_new_account_has_no_invitations(depot: Depot) -> None:
    reply = depot.get("/user/invitations", by=an_account().token)

    assert (reply.status, reply.text) == (200, "[]")
    assert reply.headers["Content-Type"] == "application/json"
    assert "Cache-Control" not in reply.headers


def test_invitations_are_listed_oldest_first_with_the_fields_of_their_creation(depot: Depot) -> None:
    account = an_account()
    invitations = [invite(depot, account) for _ in range(3)]

    assert pending(depot, account) == invitations


def test_ignored_rescinded_and_accepted_invitations_are_left_out(depot: Depot) -> None:
    account = an_account()
    ignored, rescinded, accepted, last = (invite(depot, account) for _ in range(4))
    path = "/depot/origins/{origin}/invitations/{id}"
    assert depot.put(path.format(**ignored) + "/ignore", by=account.token).status == 204
    assert depot.delete(path.format(**rescinded), by="bobo").status == 204
    assert depot.put(path.format(**accepted), by=account.token).status == 204

    assert pending(depot, account) == [last]


def test_invitations_of_other_accounts_are_left_out(depot: Depot) -> None:
    invite(depot, an_account())

    assert pending(depot, an_account()) == []


def test_an_anonymous_caller_is_401(depot: Depot) -> None:
    reply = depot.get("/user/invitations")

    assert (reply.status, reply.body) == (401, b"")
