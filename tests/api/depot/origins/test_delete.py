"""DELETE /depot/origins/{origin} (accounts.md 8.4)."""

import pytest

from chalicelib.catalog import origin_rows
from chalicelib.catalog.origin_rows import OriginCountRow
from chalicelib.origins import deletion
from chalicelib.platform.change import Change
from chalicelib.platform.table import StoreUnavailable, rows
from tests.api.client import Depot
from tests.builders.keys import a_sealed_value, a_signing_pair
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


def test_an_empty_origin_goes_with_everything_that_came_with_it(depot: Depot) -> None:
    origin = a_furnished_origin(depot)

    reply = depot.delete(f"/depot/origins/{origin}", by="bobo")

    assert (reply.status, reply.body) == (204, b"")
    assert_gone(depot, origin)
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 403


def a_furnished_origin(depot: Depot) -> str:
    """An origin with keys of all kinds, pending and ignored invitations: nothing of it is in the way of deletion."""
    origin = an_origin(depot)
    for user in ("mystique", "wesker"):
        depot.get("/profile", by=user)
        invited = depot.post(f"/depot/origins/{origin}/users/{user}/invitations", by="bobo").json()["id"]
    depot.put(f"/depot/origins/{origin}/invitations/{invited}/ignore", by="bobo")
    public, secret = a_signing_pair(origin)
    assert depot.post(f"/depot/origins/{origin}/keys/x", by="bobo", body=public.text.encode()).status == 201
    assert depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=secret.text.encode()).status == 201
    assert depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").status == 200
    return origin


def assert_gone(depot: Depot, origin: str) -> None:
    reply = depot.get(f"/depot/origins/{origin}")
    assert (reply.status, reply.body) == (404, b"")
    assert depot.get(f"/depot/origins/{origin}/keys").text == "[]"
    assert depot.get(f"/depot/channels/{origin}").text == "[]"
    assert depot.get(f"/depot/origins/{origin}/users", by="bobo").status == 403
    assert origin not in [each["name"] for each in depot.get("/user/origins", by="bobo").json()]
    for user in ("mystique", "wesker"):
        assert origin not in [each["origin"] for each in depot.get("/user/invitations", by=user).json()]
    assert list(rows(OriginCountRow, origin_rows.origin_partition(origin))) == []


def test_the_name_and_the_names_of_its_keys_are_free_again(depot: Depot) -> None:
    origin = a_furnished_origin(depot)
    former = depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").body
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204

    an_origin(depot, owner="mystique", name=origin)

    public, secret = a_signing_pair(origin)
    assert depot.get(f"/depot/origins/{origin}").json()["private_key_name"] == ""
    assert depot.post(f"/depot/origins/{origin}/keys/x", by="mystique", body=public.text.encode()).status == 201
    assert depot.post(f"/depot/origins/{origin}/secret_keys/x", by="mystique", body=secret.text.encode()).status == 201
    assert depot.get(f"/depot/origins/{origin}/encryption_key", by="mystique").body != former
    assert depot.get(f"/depot/origins/{origin}/users", by="mystique").json()["members"] == ["mystique"]
    assert depot.get(f"/depot/origins/{origin}/invitations", by="mystique").json()["invitations"] == []
    assert depot.get(f"/depot/origins/{origin}/users", by="bobo").status == 403
    assert depot.put(f"/depot/origins/{origin}/users/bobo/role", by="bobo", query={"role": "member"}).status == 403


def test_only_the_owner_deletes(depot: Depot) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "administrator")

    for place, user, status in (
        (origin, None, 401),
        (origin, "wesker", 403),
        (origin, "mystique", 403),
        (a_name("origin"), "bobo", 403),
    ):
        reply = depot.delete(f"/depot/origins/{place}", by=user)
        assert (reply.status, reply.body) == (status, b"")
    assert depot.get(f"/depot/origins/{origin}").status == 200


def refused(depot: Depot, origin: str) -> str:
    reply = depot.delete(f"/depot/origins/{origin}", by="bobo")
    assert reply.status == 409
    assert depot.get(f"/depot/origins/{origin}").status == 200
    return reply.text


def test_each_thing_that_is_left_is_named_in_the_contracts_order(depot: Depot) -> None:
    origin = an_origin(depot)
    said = f"remaining in origin {origin}."
    counted(origin, projects=3, packages=2, settings=1)
    a_member(depot, origin, "mystique")
    value = a_sealed_value("1234", depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").text)
    for name in ("one", "two"):
        depot.post(f"/depot/origins/{origin}/secret", by="bobo", json={"name": name, "value": value})
    depot.put(f"/depot/origins/{origin}/integrations/docker/main", by="bobo", body=b"{}")
    assert depot.post(f"/depot/channels/{origin}/test", by="bobo").status == 201

    assert refused(depot, origin) == f"There are 3 projects {said} Must be zero."
    counted(origin, projects=-3)
    assert refused(depot, origin) == f"There are 2 members {said} Only one is allowed."
    depot.delete(f"/depot/origins/{origin}/users/mystique", by="bobo")
    assert refused(depot, origin) == f"There are 2 secrets {said} Must be zero."
    depot.delete(f"/depot/origins/{origin}/secret/one", by="bobo")
    assert refused(depot, origin) == f"There are 1 secrets {said} Must be zero."
    depot.delete(f"/depot/origins/{origin}/secret/two", by="bobo")
    assert refused(depot, origin) == f"There are 1 integrations {said} Must be zero."
    depot.delete(f"/depot/origins/{origin}/integrations/docker/main", by="bobo")
    assert refused(depot, origin) == f"There are 3 channels {said} Only two are allowed [unstable, stable]."
    depot.delete(f"/depot/channels/{origin}/test", by="bobo")
    assert refused(depot, origin) == f"There are 2 packages {said} Must be zero."
    counted(origin, packages=-2)
    assert refused(depot, origin) == f"There are 1 package settings entries {said} Must be zero."
    counted(origin, settings=-1)
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204


def counted(origin: str, **more: int) -> None:
    """What other domains count in their own transactions."""
    change = Change()
    change.update(
        origin_rows.origin_count_key(origin), [getattr(OriginCountRow, what).add(n) for what, n in more.items()]
    )
    change.commit()


def test_the_count_of_members_follows_every_way_in_and_out(depot: Depot) -> None:
    origin = an_origin(depot)
    for user in ("mystique", "wesker", "lkennedy"):
        a_member(depot, origin, user)
    assert "There are 4 members" in refused(depot, origin)
    depot.post(f"/depot/origins/{origin}/depart", by="mystique")
    for _ in range(2):
        depot.delete(f"/depot/origins/{origin}/users/wesker", by="bobo")
    assert "There are 2 members" in refused(depot, origin)
    depot.post(f"/depot/origins/{origin}/transfer/lkennedy", by="bobo")
    depot.post(f"/depot/origins/{origin}/depart", by="bobo")

    assert depot.delete(f"/depot/origins/{origin}", by="lkennedy").status == 204


def interrupted_after(depot: Depot, origin: str, steps: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Delete an origin with a table that fails after some transactions; False when it did not come to that."""
    commit, done = Change.commit, 0

    def commit_or_fail(change: Change) -> None:
        nonlocal done
        if done == steps:
            raise StoreUnavailable
        done += 1
        commit(change)

    with monkeypatch.context() as patch:
        patch.setattr(Change, "commit", commit_or_fail)
        patch.setattr(deletion, "GROUP_LIMIT", 3)
        status = depot.delete(f"/depot/origins/{origin}", by="bobo").status
    assert status in (204, 503)
    return status == 503


@pytest.mark.parametrize("finished_by", ["the owner", "a new founder"])
def test_a_deletion_may_be_interrupted_anywhere(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, finished_by: str
) -> None:
    steps = 0
    while interrupted_after(depot, origin := a_furnished_origin(depot), steps, monkeypatch):
        if steps == 0:
            assert depot.get(f"/depot/origins/{origin}").status == 200
        else:
            assert_unusable(depot, origin)
        if finished_by == "the owner" or steps == 0:
            assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204
            assert_gone(depot, origin)
        an_origin(depot, owner="mystique", name=origin)
        assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 403
        public, secret = a_signing_pair(origin)
        for path, half in (("keys", public), ("secret_keys", secret)):
            reply = depot.post(f"/depot/origins/{origin}/{path}/x", by="mystique", body=half.text.encode())
            assert reply.status == 201
        steps += 1
    assert steps > 4
    assert_gone(depot, origin)


def assert_unusable(depot: Depot, origin: str) -> None:
    """Closed, but not yet taken down: nobody sees it, and nothing comes in, not even from its former owner."""
    assert depot.get(f"/depot/origins/{origin}").status == 404
    assert origin not in [each["name"] for each in depot.get("/user/origins", by="bobo").json()]
    public, secret = (half.text.encode() for half in a_signing_pair(origin, "20990101000000"))
    for reply in (
        depot.put(f"/depot/origins/{origin}", by="bobo", json={}),
        depot.post(f"/depot/origins/{origin}/keys", by="bobo"),
        depot.post(f"/depot/origins/{origin}/keys/y", by="bobo", body=public),
        depot.post(f"/depot/origins/{origin}/secret_keys/y", by="bobo", body=secret),
        depot.post(f"/depot/origins/{origin}/users/lkennedy/invitations", by="bobo"),
        depot.put(f"/depot/origins/{origin}/integrations/docker/main", by="bobo", body=b"{}"),
        depot.post(f"/depot/origins/{origin}/transfer/mystique", by="bobo"),
        depot.put(f"/depot/origins/{origin}/users/mystique/role", by="bobo", query={"role": "member"}),
        depot.post(f"/depot/origins/{origin}/depart", by="bobo"),
        depot.post(f"/depot/channels/{origin}/test", by="bobo"),
    ):
        assert reply.status in (401, 403, 404, 422)


def test_an_invitation_of_a_closed_origin_leads_nowhere(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = an_origin(depot)
    depot.get("/profile", by="mystique")
    sent = depot.post(f"/depot/origins/{origin}/users/mystique/invitations", by="bobo").json()["id"]
    assert interrupted_after(depot, origin, 1, monkeypatch)

    assert depot.put(f"/depot/origins/{origin}/invitations/{sent}", by="mystique").status == 204

    assert origin not in [each["name"] for each in depot.get("/user/origins", by="mystique").json()]
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204
    assert_gone(depot, origin)
