"""/depot/origins/{origin}/users/{user}/invitations and /depot/origins/{origin}/invitations/** (accounts.md 8.7)."""

import re

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member, refused_callers
from tests.builders.origins import an_origin


@pytest.fixture(autouse=True)
def accounts_exist(depot: Depot) -> None:
    """The first request of a user creates the account."""
    for user in ("bobo", "mystique", "hank", "wesker", "lkennedy"):
        assert depot.get("/profile", by=user).status == 200


def id_of(depot: Depot, user: str) -> str:
    return str(depot.get("/profile", by=user).json()["id"])


def invite(depot: Depot, origin: str, user: str, by: str = "bobo") -> str:
    reply = depot.post(f"/depot/origins/{origin}/users/{user}/invitations", by=by)
    assert reply.status == 201
    return str(reply.json()["id"])


def in_origin(depot: Depot, origin: str) -> list[tuple[str, bool]]:
    invitations = depot.get(f"/depot/origins/{origin}/invitations", by="bobo").json()["invitations"]
    return [(invitation["id"], invitation["ignored"]) for invitation in invitations]


def pending(depot: Depot, origin: str, user: str) -> list[str]:
    invitations = depot.get("/user/invitations", by=user).json()
    return [invitation["id"] for invitation in invitations if invitation["origin"] == origin]


def role_of(depot: Depot, origin: str, user: str) -> str | None:
    reply = depot.get(f"/depot/origins/{origin}/users/{user}/role", by="bobo")
    return reply.json()["role"] if reply.status == 200 else None


class TestSend:
    def test_the_answer_and_both_lists_show_the_same_object(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "wesker", "maintainer")

        reply = depot.post(f"/depot/origins/{origin}/users/mystique/invitations", by="wesker")

        assert reply.status == 201
        invitation = reply.json()
        assert list(invitation) == [
            "id", "origin", "account_id", "account_name", "owner_id", "ignored", "created_at", "updated_at",
        ]  # fmt: skip
        assert re.fullmatch(r"[1-9]\d{15,18}", invitation["id"])
        assert (invitation["origin"], invitation["ignored"]) == (origin, False)
        assert (invitation["account_id"], invitation["account_name"]) == (id_of(depot, "mystique"), "mystique")
        assert invitation["owner_id"] == id_of(depot, "wesker")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", invitation["created_at"])
        assert invitation["updated_at"] == invitation["created_at"]
        listed = depot.get(f"/depot/origins/{origin}/invitations", by="bobo")
        assert listed.json() == {"origin": origin, "invitations": [invitation]}
        assert listed.headers["Cache-Control"] == "private, no-cache, no-store"
        assert invitation in depot.get("/user/invitations", by="mystique").json()

    def test_maintainers_can_invite_existing_accounts(self, depot: Depot) -> None:
        origin = an_origin(depot)

        for name, user, status in refused_callers(depot, origin, "member"):
            reply = depot.post(f"/depot/origins/{name}/users/lkennedy/invitations", by=user)
            assert (reply.status, reply.body) == (status, b"")
        for user in ("no-such-account", "x" * 3000):
            reply = depot.post(f"/depot/origins/{origin}/users/{user}/invitations", by="bobo")
            assert (reply.status, reply.body) == (404, b"")

    def test_a_second_invitation_is_409_while_the_first_is_pending_or_ignored(self, depot: Depot) -> None:
        origin = an_origin(depot)
        first = invite(depot, origin, "mystique")

        for _ in ("pending", "ignored"):
            reply = depot.post(f"/depot/origins/{origin}/users/mystique/invitations", by="bobo")
            assert (reply.status, reply.body) == (409, b"")
            depot.put(f"/depot/origins/{origin}/invitations/{first}/ignore", by="mystique")

    def test_members_can_be_invited_and_keep_their_role(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", "maintainer")
        invitation_id = invite(depot, origin, "mystique")

        assert depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}", by="mystique").status == 204

        assert role_of(depot, origin, "mystique") == "maintainer"
        assert in_origin(depot, origin) == []


class TestList:
    def test_an_origin_lists_pending_and_ignored_invitations_oldest_first(self, depot: Depot) -> None:
        origin = an_origin(depot)
        ids = [invite(depot, origin, user) for user in ("wesker", "hank", "mystique")]
        depot.put(f"/depot/origins/{origin}/invitations/{ids[1]}/ignore", by="hank")

        assert in_origin(depot, origin) == [(ids[0], False), (ids[1], True), (ids[2], False)]

    def test_an_account_lists_its_invitations_oldest_first(self, depot: Depot) -> None:
        origins = [an_origin(depot) for _ in range(3)]
        ids = [invite(depot, origin, "mystique") for origin in origins]

        listed = [invitation["id"] for invitation in depot.get("/user/invitations", by="mystique").json()]

        assert [invitation_id for invitation_id in listed if invitation_id in ids] == ids

    def test_only_members_can_list_an_origins_invitations(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique")

        assert depot.get(f"/depot/origins/{origin}/invitations", by="mystique").status == 200
        for name, user, status in refused_callers(depot, origin):
            assert depot.get(f"/depot/origins/{name}/invitations", by=user).status == status


class TestAccept:
    def test_the_invited_account_becomes_a_readonly_member_at_once(self, depot: Depot) -> None:
        origin = an_origin(depot)
        invitation_id = invite(depot, origin, "mystique")

        reply = depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}", by="mystique")

        assert (reply.status, reply.body) == (204, b"")
        assert role_of(depot, origin, "mystique") == "readonly_member"
        assert depot.get(f"/depot/origins/{origin}/users", by="mystique").json()["members"] == ["bobo", "mystique"]
        assert origin in [own["name"] for own in depot.get("/user/origins", by="mystique").json()]
        assert in_origin(depot, origin) == []
        assert pending(depot, origin, "mystique") == []

    def test_a_maintainer_can_accept_for_the_invited_account(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "wesker", "maintainer")
        invitation_id = invite(depot, origin, "mystique")

        assert depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}", by="wesker").status == 204

        assert role_of(depot, origin, "mystique") == "readonly_member"

    def test_an_ignored_invitation_can_be_accepted(self, depot: Depot) -> None:
        origin = an_origin(depot)
        invitation_id = invite(depot, origin, "mystique")
        depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}/ignore", by="mystique")

        assert depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}", by="mystique").status == 204

        assert role_of(depot, origin, "mystique") == "readonly_member"
        assert in_origin(depot, origin) == []

    def test_an_account_can_be_invited_again_after_departure(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique")
        depot.post(f"/depot/origins/{origin}/depart", by="mystique")

        assert pending(depot, origin, "mystique") == []
        invite(depot, origin, "mystique")


class TestIgnore:
    def test_an_ignored_invitation_leaves_only_the_accounts_list(self, depot: Depot) -> None:
        origin = an_origin(depot)
        invitation_id = invite(depot, origin, "mystique")

        for _ in range(2):
            reply = depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}/ignore", by="mystique")
            assert (reply.status, reply.body) == (204, b"")
            assert in_origin(depot, origin) == [(invitation_id, True)]
            assert pending(depot, origin, "mystique") == []
        assert role_of(depot, origin, "mystique") is None


class TestRescind:
    @pytest.mark.parametrize("ignored", [False, True])
    def test_a_rescinded_invitation_is_deleted_and_the_account_can_be_invited_again(
        self, depot: Depot, ignored: bool
    ) -> None:
        origin = an_origin(depot)
        invitation_id = invite(depot, origin, "mystique")
        if ignored:
            depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}/ignore", by="mystique")

        reply = depot.delete(f"/depot/origins/{origin}/invitations/{invitation_id}", by="bobo")

        assert (reply.status, reply.body) == (204, b"")
        assert in_origin(depot, origin) == []
        assert pending(depot, origin, "mystique") == []
        assert depot.put(f"/depot/origins/{origin}/invitations/{invitation_id}", by="mystique").status == 204
        assert role_of(depot, origin, "mystique") is None
        invite(depot, origin, "mystique")


OPERATIONS = [("PUT", ""), ("PUT", "/ignore"), ("DELETE", "")]


@pytest.mark.parametrize(("method", "suffix"), OPERATIONS)
class TestAcceptIgnoreAndRescind:
    def test_an_anonymous_caller_is_401_before_the_id_is_parsed(self, depot: Depot, method: str, suffix: str) -> None:
        for text in ("1", "x"):
            reply = depot.request(method, f"/depot/origins/no-such-origin/invitations/{text}{suffix}")
            assert (reply.status, reply.body) == (401, b"")

    @pytest.mark.parametrize("text", ["x", "-1", "1.0", "18446744073709551616", "9" * 6000, "%20", "1_0", "٣"])
    def test_an_id_that_is_not_an_unsigned_64_bit_number_is_422(
        self, depot: Depot, method: str, suffix: str, text: str
    ) -> None:
        reply = depot.request(method, f"/depot/origins/no-such-origin/invitations/{text}{suffix}", by="bobo")

        shown = " " if text == "%20" else text
        assert (reply.status, reply.text) == (422, f"Invalid invitation id '{shown}'")

    @pytest.mark.parametrize("text", ["0", "1", "+1", "18446744073709551615", "0" * 5000])
    def test_an_unknown_id_is_204(self, depot: Depot, method: str, suffix: str, text: str) -> None:
        reply = depot.request(method, f"/depot/origins/no-such-origin/invitations/{text}{suffix}", by="bobo")

        assert (reply.status, reply.body) == (204, b"")

    def test_the_id_of_another_origins_invitation_is_unknown(self, depot: Depot, method: str, suffix: str) -> None:
        origin, other = an_origin(depot), an_origin(depot)
        invitation_id = invite(depot, origin, "mystique")

        reply = depot.request(method, f"/depot/origins/{other}/invitations/{invitation_id}{suffix}", by="bobo")

        assert (reply.status, reply.body) == (204, b"")
        assert in_origin(depot, origin) == [(invitation_id, False)]
        assert pending(depot, origin, "mystique") == [invitation_id]

    def test_other_accounts_and_members_below_maintainer_are_403(self, depot: Depot, method: str, suffix: str) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "wesker", "member")
        invitation_id = invite(depot, origin, "mystique")

        for user in ("wesker", "lkennedy") + (("mystique",) if method == "DELETE" else ()):
            reply = depot.request(method, f"/depot/origins/{origin}/invitations/{invitation_id}{suffix}", by=user)
            assert (reply.status, reply.body) == (403, b"")
        assert in_origin(depot, origin) == [(invitation_id, False)]
        assert pending(depot, origin, "mystique") == [invitation_id]
