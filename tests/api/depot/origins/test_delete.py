"""DELETE /depot/origins/{origin} (accounts.md 8.4)."""

import pytest

from chalicelib.catalog import origin_rows
from chalicelib.catalog.origin_rows import OriginCountRow
from chalicelib.origins import deletion
from chalicelib.platform.change import Change
from chalicelib.platform.table import StoreUnavailable, rows
from tests.api.client import Depot
from tests.builders.keys import a_sealed_value, a_signing_pair
from tests.builders.members import a_member, refused_callers
from tests.builders.origins import an_origin
from tests.builders.releases import a_release


def test_an_empty_origin_is_deleted_with_its_channels_keys_and_invitations(depot: Depot) -> None:
    origin = an_origin_with_keys_and_invitations(depot)

    reply = depot.delete(f"/depot/origins/{origin}", by="bobo")

    assert (reply.status, reply.body) == (204, b"")
    assert_deleted(depot, origin)
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 403


def an_origin_with_keys_and_invitations(depot: Depot) -> str:
    """Create an origin with keys of all kinds, a pending and an ignored invitation, none of which prevents deletion."""
    origin = an_origin(depot)
    for user in ("mystique", "wesker"):
        depot.get("/profile", by=user)
        invitation_id = depot.post(f"/depot/origins/{origin}/users/{user}/invitations", by="bobo").json()["id"]
    depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}/ignore", by="bobo")
    public, secret = a_signing_pair(origin)
    assert depot.post(f"/depot/origins/{origin}/keys/x", by="bobo", body=public.text.encode()).status == 201
    assert depot.post(f"/depot/origins/{origin}/secret_keys/x", by="bobo", body=secret.text.encode()).status == 201
    assert depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").status == 200
    return origin


def assert_deleted(depot: Depot, origin: str) -> None:
    reply = depot.get(f"/depot/origins/{origin}")
    assert (reply.status, reply.body) == (404, b"")
    assert depot.get(f"/depot/origins/{origin}/keys").text == "[]"
    assert depot.get(f"/depot/channels/{origin}").text == "[]"
    assert depot.get(f"/depot/origins/{origin}/users", by="bobo").status == 403
    assert origin not in [own["name"] for own in depot.get("/user/origins", by="bobo").json()]
    for user in ("mystique", "wesker"):
        assert origin not in [invitation["origin"] for invitation in depot.get("/user/invitations", by=user).json()]
    assert list(rows(OriginCountRow, origin_rows.origin_partition(origin))) == []


def test_the_names_of_the_origin_and_of_its_keys_can_be_used_again(depot: Depot) -> None:
    origin = an_origin_with_keys_and_invitations(depot)
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


def test_only_the_owner_can_delete(depot: Depot) -> None:
    origin = an_origin(depot)

    for name, user, status in refused_callers(depot, origin, "administrator"):
        reply = depot.delete(f"/depot/origins/{name}", by=user)
        assert (reply.status, reply.body) == (status, b"")
    assert depot.get(f"/depot/origins/{origin}").status == 200


def refusal(depot: Depot, origin: str) -> str:
    reply = depot.delete(f"/depot/origins/{origin}", by="bobo")
    assert reply.status == 409
    assert depot.get(f"/depot/origins/{origin}").status == 200
    return reply.text


def test_the_first_violation_is_409_with_its_text(depot: Depot) -> None:
    origin = an_origin(depot)
    remaining = f"remaining in origin {origin}."
    count(origin, projects=3)
    idents = [a_release(depot, origin, "tool") for _ in range(2)]
    a_member(depot, origin, "mystique")
    value = a_sealed_value("1234", depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").text)
    for name in ("one", "two"):
        depot.post(f"/depot/origins/{origin}/secret", by="bobo", json={"name": name, "value": value})
    depot.put(f"/depot/origins/{origin}/integrations/docker/main", by="bobo", body=b"{}")
    assert depot.post(f"/depot/channels/{origin}/test", by="bobo").status == 201

    assert refusal(depot, origin) == f"There are 3 projects {remaining} Must be zero."
    count(origin, projects=-3)
    assert refusal(depot, origin) == f"There are 2 members {remaining} Only one is allowed."
    depot.delete(f"/depot/origins/{origin}/users/mystique", by="bobo")
    assert refusal(depot, origin) == f"There are 2 secrets {remaining} Must be zero."
    depot.delete(f"/depot/origins/{origin}/secret/one", by="bobo")
    assert refusal(depot, origin) == f"There are 1 secrets {remaining} Must be zero."
    depot.delete(f"/depot/origins/{origin}/secret/two", by="bobo")
    assert refusal(depot, origin) == f"There are 1 integrations {remaining} Must be zero."
    depot.delete(f"/depot/origins/{origin}/integrations/docker/main", by="bobo")
    assert refusal(depot, origin) == f"There are 3 channels {remaining} Only two are allowed [unstable, stable]."
    depot.delete(f"/depot/channels/{origin}/test", by="bobo")
    assert refusal(depot, origin) == f"There are 2 packages {remaining} Must be zero."
    for ident in idents:
        assert depot.delete(f"/depot/pkgs/{ident}", by="bobo").status == 204
    assert refusal(depot, origin) == f"There are 1 package settings entries {remaining} Must be zero."
    assert depot.delete(f"/settings/{origin}/tool", by="bobo").status == 204
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204


def count(origin: str, **more: int) -> None:
    """Change counts of the origin as other domains do in their transactions."""
    with Change() as change:
        change.update(
            origin_rows.origin_count_key(origin), [getattr(OriginCountRow, what).add(n) for what, n in more.items()]
        )


def test_the_channels_of_job_groups_are_deleted_with_the_origin(depot: Depot) -> None:
    origin = an_origin(depot)
    for channel in ("bldr-3242623785919092057", "bldr-7", "bldr-mine"):
        assert depot.post(f"/depot/channels/{origin}/{channel}", by="bobo").status == 201

    assert refusal(depot, origin).startswith("There are 3 channels remaining")
    depot.delete(f"/depot/channels/{origin}/bldr-mine", by="bobo")
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204

    assert depot.get(f"/depot/channels/{origin}?sandbox=true").text == "[]"
    an_origin(depot, name=origin)
    assert depot.get(f"/depot/channels/{origin}?sandbox=true").json() == [{"name": "stable"}, {"name": "unstable"}]


def test_joining_leaving_and_transfer_keep_the_count_of_members(depot: Depot) -> None:
    origin = an_origin(depot)
    for user in ("mystique", "wesker", "lkennedy"):
        a_member(depot, origin, user)
    assert "There are 4 members" in refusal(depot, origin)
    depot.post(f"/depot/origins/{origin}/depart", by="mystique")
    for _ in range(2):
        depot.delete(f"/depot/origins/{origin}/users/wesker", by="bobo")
    assert "There are 2 members" in refusal(depot, origin)
    depot.post(f"/depot/origins/{origin}/transfer/lkennedy", by="bobo")
    depot.post(f"/depot/origins/{origin}/depart", by="bobo")

    assert depot.delete(f"/depot/origins/{origin}", by="lkennedy").status == 204


def delete_interrupted_after(depot: Depot, origin: str, transactions: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Delete an origin while the table fails after some transactions. Return False if there were fewer."""
    commit, committed = Change.commit, 0

    def commit_or_fail(change: Change) -> None:
        nonlocal committed
        if committed == transactions:
            raise StoreUnavailable
        committed += 1
        commit(change)

    with monkeypatch.context() as patch:
        patch.setattr(Change, "commit", commit_or_fail)
        patch.setattr(deletion, "GROUP_LIMIT", 3)
        status = depot.delete(f"/depot/origins/{origin}", by="bobo").status
    assert status in (204, 503)
    return status == 503


@pytest.mark.parametrize("finished_by", ["the owner", "the creator of a new origin"])
def test_an_interrupted_deletion_is_completed_by_a_repeat_or_by_a_new_origin(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, finished_by: str
) -> None:
    transactions = 0
    while delete_interrupted_after(
        depot, origin := an_origin_with_keys_and_invitations(depot), transactions, monkeypatch
    ):
        if transactions == 0:
            assert depot.get(f"/depot/origins/{origin}").status == 200
        else:
            assert_unusable(depot, origin)
        if finished_by == "the owner" or transactions == 0:
            assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204
            assert_deleted(depot, origin)
        an_origin(depot, owner="mystique", name=origin)
        assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 403
        public, secret = a_signing_pair(origin)
        for path, half in (("keys", public), ("secret_keys", secret)):
            reply = depot.post(f"/depot/origins/{origin}/{path}/x", by="mystique", body=half.text.encode())
            assert reply.status == 201
        transactions += 1
    assert transactions > 4
    assert_deleted(depot, origin)


def assert_unusable(depot: Depot, origin: str) -> None:
    """An origin whose deletion was interrupted does not exist for clients, its former owner included."""
    assert depot.get(f"/depot/origins/{origin}").status == 404
    assert origin not in [own["name"] for own in depot.get("/user/origins", by="bobo").json()]
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


def test_an_invitation_to_an_origin_under_deletion_cannot_be_accepted(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = an_origin(depot)
    depot.get("/profile", by="mystique")
    invitation_id = depot.post(f"/depot/origins/{origin}/users/mystique/invitations", by="bobo").json()["id"]
    assert delete_interrupted_after(depot, origin, 1, monkeypatch)

    assert depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}", by="mystique").status == 204

    assert origin not in [own["name"] for own in depot.get("/user/origins", by="mystique").json()]
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204
    assert_deleted(depot, origin)
