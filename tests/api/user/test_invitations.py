"""What a user is invited to (accounts.md 8.3)."""

from tests.builders.accounts import an_account
from tests.builders.origins import an_origin


def _invite(depot, account):
    origin = an_origin(depot)
    reply = depot.post(f"/depot/origins/{origin}/users/{account.name}/invitations", by="bobo")
    assert reply.status == 201, reply
    return reply.json()


def _pending(depot, account):
    return depot.get("/user/invitations", by=account.token).json()


def test_somebody_new_has_no_invitations(depot):
    reply = depot.get("/user/invitations", by=an_account().token)

    assert (reply.status, reply.text) == (200, "[]")
    assert reply.headers["Content-Type"] == "application/json"
    assert "Cache-Control" not in reply.headers


def test_invitations_are_told_as_they_were_sent_in_that_order(depot):
    account = an_account()
    sent = [_invite(depot, account) for _ in range(3)]

    assert _pending(depot, account) == sent


def test_ignored_rescinded_and_accepted_ones_are_left_out(depot):
    account = an_account()
    ignored, rescinded, accepted, pending = (_invite(depot, account) for _ in range(4))
    place = "/depot/origins/{origin}/invitations/{id}"
    assert depot.put(place.format(**ignored) + "/ignore", by=account.token).status == 204
    assert depot.delete(place.format(**rescinded), by="bobo").status == 204
    assert depot.put(place.format(**accepted), by=account.token).status == 204

    assert _pending(depot, account) == [pending]


def test_invitations_of_others_are_not_told(depot):
    _invite(depot, an_account())

    assert _pending(depot, an_account()) == []


def test_nobody_has_no_invitations(depot):
    reply = depot.get("/user/invitations")

    assert (reply.status, reply.body) == (401, b"")
