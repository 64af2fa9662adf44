"""/depot/origins/{origin}/users/{user}/invitations and /depot/origins/{origin}/invitations/** (accounts.md 8.7)."""

import re

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


@pytest.fixture(autouse=True)
def everybody_has_been_here(depot: Depot) -> None:
    """Accounts come into being with their first use."""
    for user in ("bobo", "mystique", "hank", "wesker", "lkennedy"):
        assert depot.get("/profile", by=user).status == 200


def id_of(depot: Depot, user: str) -> str:
    return str(depot.get("/profile", by=user).json()["id"])


def invite(depot: Depot, origin: str, user: str, by: str = "bobo") -> str:
    reply = depot.post(f"/depot/origins/{origin}/users/{user}/invitations", by=by)
    assert reply.status == 201
    return str(reply.json()["id"])


def in_origin(depot: Depot, origin: str) -> list[tuple[str, bool]]:
    listed = depot.get(f"/depot/origins/{origin}/invitations", by="bobo").json()["invitations"]
    return [(invitation["id"], invitation["ignored"]) for invitation in listed]


def pending(depot: Depot, origin: str, user: str) -> list[str]:
    listed = depot.get("/user/invitations", by=user).json()
    return [invitation["id"] for invitation in listed if invitation["origin"] == origin]


def role_of(depot: Depot, origin: str, user: str) -> str | None:
    reply = depot.get(f"/depot/origins/{origin}/users/{user}/role", by="bobo")
    return reply.json()["role"] if reply.status == 200 else None


class TestSend:
    def test_an_invitation_is_shown_the_same_everywhere(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "wesker", "maintainer")

        reply = depot.post(f"/depot/origins/{origin}/users/mystique/invitations", by="wesker")

        assert reply.status == 201
        sent = reply.json()
        assert list(sent) == [
            "id", "origin", "account_id", "account_name", "owner_id", "ignored", "created_at", "updated_at",
        ]  # fmt: skip
        assert re.fullmatch(r"[1-9]\d{15,18}", sent["id"])
        assert (sent["origin"], sent["ignored"]) == (origin, False)
        assert (sent["account_id"], sent["account_name"]) == (id_of(depot, "mystique"), "mystique")
        assert sent["owner_id"] == id_of(depot, "wesker")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", sent["created_at"])
        assert sent["updated_at"] == sent["created_at"]
        listed = depot.get(f"/depot/origins/{origin}/invitations", by="bobo")
        assert listed.json() == {"origin": origin, "invitations": [sent]}
        assert listed.headers["Cache-Control"] == "private, no-cache, no-store"
        assert sent in depot.get("/user/invitations", by="mystique").json()

    def test_who_may_send_and_to_whom(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", "member")

        for place, user, by, status in (
            (origin, "wesker", None, 401),
            (origin, "wesker", "lkennedy", 403),
            (origin, "wesker", "mystique", 403),
            (a_name("origin"), "wesker", "bobo", 403),
            (origin, "nobody", "bobo", 404),
            (origin, "x" * 3000, "bobo", 404),
        ):
            reply = depot.post(f"/depot/origins/{place}/users/{user}/invitations", by=by)
            assert (reply.status, reply.body) == (status, b"")

    def test_a_second_one_is_409_while_the_first_is_pending_or_ignored(self, depot: Depot) -> None:
        origin = an_origin(depot)
        first = invite(depot, origin, "mystique")

        for _ in ("pending", "ignored"):
            reply = depot.post(f"/depot/origins/{origin}/users/mystique/invitations", by="bobo")
            assert (reply.status, reply.body) == (409, b"")
            depot.put(f"/depot/origins/{origin}/invitations/{first}/ignore", by="mystique")

    def test_members_may_be_invited_and_keep_their_role(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", "maintainer")
        sent = invite(depot, origin, "mystique")

        assert depot.put(f"/depot/origins/{origin}/invitations/{sent}", by="mystique").status == 204

        assert role_of(depot, origin, "mystique") == "maintainer"
        assert in_origin(depot, origin) == []


class TestList:
    def test_in_the_order_of_creation_with_the_ignored_ones(self, depot: Depot) -> None:
        origin = an_origin(depot)
        sent = [invite(depot, origin, user) for user in ("wesker", "hank", "mystique")]
        depot.put(f"/depot/origins/{origin}/invitations/{sent[1]}/ignore", by="hank")

        assert in_origin(depot, origin) == [(sent[0], False), (sent[1], True), (sent[2], False)]

    def test_an_account_sees_its_own_oldest_first(self, depot: Depot) -> None:
        origins = [an_origin(depot) for _ in range(3)]
        sent = [invite(depot, origin, "mystique") for origin in origins]

        listed = [invitation["id"] for invitation in depot.get("/user/invitations", by="mystique").json()]

        assert [invitation for invitation in listed if invitation in sent] == sent

    def test_readonly_members_may_look_others_not(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique")

        for place, user, status in (
            (origin, "mystique", 200),
            (origin, None, 401),
            (origin, "wesker", 403),
            (a_name("origin"), "bobo", 403),
        ):
            assert depot.get(f"/depot/origins/{place}/invitations", by=user).status == status


class TestAccept:
    def test_the_invited_account_becomes_a_readonly_member_at_once(self, depot: Depot) -> None:
        origin = an_origin(depot)
        sent = invite(depot, origin, "mystique")

        reply = depot.put(f"/depot/origins/{origin}/invitations/{sent}", by="mystique")

        assert (reply.status, reply.body) == (204, b"")
        assert role_of(depot, origin, "mystique") == "readonly_member"
        assert depot.get(f"/depot/origins/{origin}/users", by="mystique").json()["members"] == ["bobo", "mystique"]
        assert origin in [each["name"] for each in depot.get("/user/origins", by="mystique").json()]
        assert in_origin(depot, origin) == []
        assert pending(depot, origin, "mystique") == []

    def test_a_maintainer_accepts_for_the_invited_account(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "wesker", "maintainer")
        sent = invite(depot, origin, "mystique")

        assert depot.put(f"/depot/origins/{origin}/invitations/{sent}", by="wesker").status == 204

        assert role_of(depot, origin, "mystique") == "readonly_member"

    def test_an_ignored_one_may_still_be_accepted(self, depot: Depot) -> None:
        origin = an_origin(depot)
        sent = invite(depot, origin, "mystique")
        depot.put(f"/depot/origins/{origin}/invitations/{sent}/ignore", by="mystique")

        assert depot.put(f"/depot/origins/{origin}/invitations/{sent}", by="mystique").status == 204

        assert role_of(depot, origin, "mystique") == "readonly_member"
        assert in_origin(depot, origin) == []

    def test_after_acceptance_and_departure_a_new_one_is_possible(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique")
        depot.post(f"/depot/origins/{origin}/depart", by="mystique")

        assert pending(depot, origin, "mystique") == []
        invite(depot, origin, "mystique")


class TestIgnore:
    def test_it_leaves_the_accounts_list_only(self, depot: Depot) -> None:
        origin = an_origin(depot)
        sent = invite(depot, origin, "mystique")

        for _ in range(2):
            reply = depot.put(f"/depot/origins/{origin}/invitations/{sent}/ignore", by="mystique")
            assert (reply.status, reply.body) == (204, b"")
            assert in_origin(depot, origin) == [(sent, True)]
            assert pending(depot, origin, "mystique") == []
        assert role_of(depot, origin, "mystique") is None


class TestRescind:
    @pytest.mark.parametrize("ignored", [False, True])
    def test_it_is_gone_and_a_new_one_is_possible(self, depot: Depot, ignored: bool) -> None:
        origin = an_origin(depot)
        sent = invite(depot, origin, "mystique")
        if ignored:
            depot.put(f"/depot/origins/{origin}/invitations/{sent}/ignore", by="mystique")

        reply = depot.delete(f"/depot/origins/{origin}/invitations/{sent}", by="bobo")

        assert (reply.status, reply.body) == (204, b"")
        assert in_origin(depot, origin) == []
        assert pending(depot, origin, "mystique") == []
        assert depot.put(f"/depot/origins/{origin}/invitations/{sent}", by="mystique").status == 204
        assert role_of(depot, origin, "mystique") is None
        invite(depot, origin, "mystique")


CALLS = [("PUT", ""), ("PUT", "/ignore"), ("DELETE", "")]


@pytest.mark.parametrize(("method", "end"), CALLS)
class TestAllThree:
    def test_nobody_signed_in_is_401_before_the_id_is_read(self, depot: Depot, method: str, end: str) -> None:
        for number in ("1", "x"):
            reply = depot.request(method, f"/depot/origins/nowhere/invitations/{number}{end}")
            assert (reply.status, reply.body) == (401, b"")

    @pytest.mark.parametrize("text", ["x", "-1", "1.0", "18446744073709551616", "9" * 6000, "%20", "1_0", "٣"])
    def test_an_id_that_is_no_u64_is_422(self, depot: Depot, method: str, end: str, text: str) -> None:
        reply = depot.request(method, f"/depot/origins/nowhere/invitations/{text}{end}", by="bobo")

        shown = " " if text == "%20" else text
        assert (reply.status, reply.text) == (422, f"Invalid invitation id '{shown}'")

    @pytest.mark.parametrize("text", ["0", "1", "+1", "18446744073709551615", "0" * 5000])
    def test_an_unknown_id_is_204(self, depot: Depot, method: str, end: str, text: str) -> None:
        reply = depot.request(method, f"/depot/origins/nowhere/invitations/{text}{end}", by="bobo")

        assert (reply.status, reply.body) == (204, b"")

    def test_the_origin_in_the_path_is_not_compared(self, depot: Depot, method: str, end: str) -> None:
        origin = an_origin(depot)
        sent = invite(depot, origin, "mystique")

        assert depot.request(method, f"/depot/origins/nowhere/invitations/{sent}{end}", by="bobo").status == 204

        assert in_origin(depot, origin) == ([(sent, True)] if end else [])

    def test_strangers_and_mere_members_are_403(self, depot: Depot, method: str, end: str) -> None:
        origin, own = an_origin(depot), an_origin(depot, owner="lkennedy")
        a_member(depot, origin, "wesker", "member")
        sent = invite(depot, origin, "mystique")

        for user in ("wesker", "lkennedy") + (("mystique",) if method == "DELETE" else ()):
            for place in (origin, own):
                reply = depot.request(method, f"/depot/origins/{place}/invitations/{sent}{end}", by=user)
                assert (reply.status, reply.body) == (403, b"")
        assert in_origin(depot, origin) == [(sent, False)]
        assert pending(depot, origin, "mystique") == [sent]
