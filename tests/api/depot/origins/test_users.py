"""/depot/origins/{origin}/users/**, transfer and depart (accounts.md 8.4, 8.6)."""

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member, refused_callers
from tests.builders.origins import an_origin

NO_CACHE = "private, no-cache, no-store"


def role_of(depot: Depot, origin: str, user: str) -> str | None:
    reply = depot.get(f"/depot/origins/{origin}/users/{user}/role", by=owner_of(depot, origin))
    return reply.json()["role"] if reply.status == 200 else None


def owner_of(depot: Depot, origin: str) -> str:
    return str(depot.get(f"/depot/origins/{origin}").json()["owner_account"])


def origins_of(depot: Depot, user: str) -> list[str]:
    return [origin["name"] for origin in depot.get("/user/origins", by=user).json()]


class TestList:
    def test_all_members_are_listed_by_name(self, depot: Depot) -> None:
        origin = an_origin(depot, owner="wesker")
        for user in ("mystique", "bobo"):
            a_member(depot, origin, user, owner="wesker")

        reply = depot.get(f"/depot/origins/{origin}/users", by="mystique")

        assert reply.text == f'{{"origin":"{origin}","members":["bobo","mystique","wesker"]}}'
        assert reply.headers["Cache-Control"] == NO_CACHE

    def test_only_members_can_list_members(self, depot: Depot) -> None:
        origin = an_origin(depot)

        for name, user, status in refused_callers(depot, origin):
            reply = depot.get(f"/depot/origins/{name}/users", by=user)
            assert (reply.status, reply.body) == (status, b"")


class TestRemove:
    def test_a_removed_member_loses_access_at_once(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", "administrator")

        reply = depot.delete(f"/depot/origins/{origin}/users/mystique", by="bobo")

        assert (reply.status, reply.body) == (204, b"")
        assert depot.get(f"/depot/origins/{origin}/users", by="bobo").json()["members"] == ["bobo"]
        assert depot.get(f"/depot/origins/{origin}/users", by="mystique").status == 403
        assert origin not in origins_of(depot, "mystique")
        a_member(depot, origin, "mystique")

    def test_an_account_that_is_not_a_member_is_204(self, depot: Depot) -> None:
        origin = an_origin(depot)
        depot.get("/profile", by="hank")

        assert depot.delete(f"/depot/origins/{origin}/users/hank", by="bobo").status == 204
        assert depot.get(f"/depot/origins/{origin}/users", by="bobo").json()["members"] == ["bobo"]

    def test_only_the_owner_can_remove_members(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "lkennedy", "maintainer")

        for name, user, status in [*refused_callers(depot, origin, "administrator"), (origin, "lkennedy", 403)]:
            reply = depot.delete(f"/depot/origins/{name}/users/lkennedy", by=user)
            assert (reply.status, reply.body) == (status, b"")
        assert role_of(depot, origin, "lkennedy") == "maintainer"

    def test_the_owner_cannot_be_removed(self, depot: Depot) -> None:
        origin = an_origin(depot)

        reply = depot.delete(f"/depot/origins/{origin}/users/bobo", by="bobo")

        assert (reply.status, reply.text) == (422, "Removing the owner is not allowd")

    def test_an_unknown_account_is_404(self, depot: Depot) -> None:
        reply = depot.delete(f"/depot/origins/{an_origin(depot)}/users/no-such-account", by="bobo")

        assert (reply.status, reply.body) == (404, b"")


class TestShowRole:
    def test_members_can_read_roles(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", "member")

        for user, role in (("bobo", "owner"), ("mystique", "member")):
            reply = depot.get(f"/depot/origins/{origin}/users/{user}/role", by="mystique")
            assert (reply.status, reply.text) == (200, f'{{"role":"{role}"}}')
            assert reply.headers["Cache-Control"] == NO_CACHE

    def test_readonly_members_cannot_read_even_their_own_role(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique")

        for user, status in (("mystique", 403), ("wesker", 403), (None, 401)):
            reply = depot.get(f"/depot/origins/{origin}/users/mystique/role", by=user)
            assert (reply.status, reply.body) == (status, b"")

    def test_unknown_accounts_and_accounts_that_are_not_members_are_404(self, depot: Depot) -> None:
        origin = an_origin(depot)
        depot.get("/profile", by="wesker")

        for user in ("no-such-account", "wesker", "x" * 3000):
            reply = depot.get(f"/depot/origins/{origin}/users/{user}/role", by="bobo")
            assert (reply.status, reply.body) == (404, b"")


class TestChangeRole:
    @pytest.mark.parametrize("role", ["readonly_member", "member", "maintainer", "administrator", "MAINTAINER"])
    def test_an_administrator_can_assign_any_role_but_owner(self, depot: Depot, role: str) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", "administrator")
        a_member(depot, origin, "wesker", "administrator")

        reply = depot.put(f"/depot/origins/{origin}/users/wesker/role", by="mystique", query={"role": role})

        assert (reply.status, reply.body) == (204, b"")
        assert role_of(depot, origin, "wesker") == role.lower()

    def test_a_new_role_applies_to_the_next_request(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", "maintainer")
        assert depot.put(f"/depot/origins/{origin}", by="mystique", json={}).status == 403
        depot.put(f"/depot/origins/{origin}/users/mystique/role", by="bobo", query={"role": "administrator"})
        assert depot.put(f"/depot/origins/{origin}", by="mystique", json={}).status == 204
        depot.put(f"/depot/origins/{origin}/users/mystique/role", by="bobo", query={"role": "member"})
        assert depot.put(f"/depot/origins/{origin}", by="mystique", json={}).status == 403

    @pytest.mark.parametrize(("query", "role"), [("", ""), ("?role=", ""), ("?role=boss", "boss"), ("?role", "")])
    def test_1_a_text_that_is_not_a_role_is_422(self, depot: Depot, query: str, role: str) -> None:
        for user in (None, "bobo"):
            reply = depot.put(f"/depot/origins/no-such-origin/users/no-such-account/role{query}", by=user)
            assert (reply.status, reply.text) == (422, f"Invalid member role '{role}'")

    def test_2_an_anonymous_caller_is_401(self, depot: Depot) -> None:
        assert refused(depot, "no-such-origin", "no-such-account", "owner", by=None) == 401

    def test_3_a_missing_origin_is_404(self, depot: Depot) -> None:
        assert refused(depot, "no-such-origin", "no-such-account", "owner", by="bobo") == 404

    @pytest.mark.parametrize("role", [None, "readonly_member", "member", "maintainer"])
    def test_4_a_caller_below_administrator_is_403(self, depot: Depot, role: str | None) -> None:
        origin = an_origin(depot)
        if role is not None:
            a_member(depot, origin, "mystique", role)

        assert refused(depot, origin, "no-such-account", "member", by="mystique") == 403

    def test_5_the_role_owner_is_403(self, depot: Depot) -> None:
        assert refused(depot, an_origin(depot), "no-such-account", "owner", by="bobo") == 403

    def test_6_an_unknown_account_is_404(self, depot: Depot) -> None:
        assert refused(depot, an_origin(depot), "no-such-account", "member", by="bobo") == 404

    def test_7_the_callers_own_role_is_403(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", "administrator")

        assert refused(depot, origin, "mystique", "member", by="mystique") == 403
        assert refused(depot, origin, "bobo", "member", by="bobo") == 403
        assert role_of(depot, origin, "mystique") == "administrator"

    def test_8_the_owners_role_is_403(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", "administrator")

        assert refused(depot, origin, "bobo", "member", by="mystique") == 403
        assert role_of(depot, origin, "bobo") == "owner"

    def test_9_an_account_that_is_not_a_member_is_404(self, depot: Depot) -> None:
        depot.get("/profile", by="hank")

        assert refused(depot, an_origin(depot), "hank", "member", by="bobo") == 404


def refused(depot: Depot, origin: str, user: str, role: str, by: str | None) -> int:
    reply = depot.put(f"/depot/origins/{origin}/users/{user}/role", by=by, query={"role": role})
    assert reply.body == b""
    return reply.status


class TestTransfer:
    def test_the_recipient_becomes_owner_and_the_former_owner_maintainer(self, depot: Depot) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique")
        mystique_id = depot.get("/profile", by="mystique").json()["id"]

        reply = depot.post(f"/depot/origins/{origin}/transfer/mystique", by="bobo")

        assert (reply.status, reply.body) == (204, b"")
        shown = depot.get(f"/depot/origins/{origin}").json()
        assert (shown["owner_id"], shown["owner_account"]) == (mystique_id, "mystique")
        assert role_of(depot, origin, "mystique") == "owner"
        assert role_of(depot, origin, "bobo") == "maintainer"
        assert depot.put(f"/depot/origins/{origin}", by="bobo", json={}).status == 403
        assert depot.put(f"/depot/origins/{origin}", by="mystique", json={}).status == 204
        assert depot.post(f"/depot/origins/{origin}/transfer/mystique", by="bobo").status == 403
        assert depot.post(f"/depot/origins/{origin}/transfer/bobo", by="mystique").status == 204

    def test_only_the_owner_can_transfer_an_origin(self, depot: Depot) -> None:
        origin = an_origin(depot)

        for name, user, status in refused_callers(depot, origin, "administrator"):
            reply = depot.post(f"/depot/origins/{name}/transfer/{user or 'bobo'}", by=user)
            assert (reply.status, reply.body) == (status, b"")

    def test_a_transfer_to_the_caller_is_422(self, depot: Depot) -> None:
        reply = depot.post(f"/depot/origins/{an_origin(depot)}/transfer/bobo", by="bobo")

        assert (reply.status, reply.text) == (422, "Cannot transfer origin ownership to self")

    def test_an_unknown_recipient_is_404_and_one_that_is_not_a_member_403(self, depot: Depot) -> None:
        origin = an_origin(depot)
        depot.get("/profile", by="hank")

        for user, status in (("no-such-account", 404), ("hank", 403)):
            reply = depot.post(f"/depot/origins/{origin}/transfer/{user}", by="bobo")
            assert (reply.status, reply.body) == (status, b"")


class TestDepart:
    @pytest.mark.parametrize("role", ["readonly_member", "administrator"])
    def test_a_member_can_leave_and_be_invited_again(self, depot: Depot, role: str) -> None:
        origin = an_origin(depot)
        a_member(depot, origin, "mystique", role)

        reply = depot.post(f"/depot/origins/{origin}/depart", by="mystique")

        assert (reply.status, reply.body) == (204, b"")
        assert depot.get(f"/depot/origins/{origin}/users", by="mystique").status == 403
        assert origin not in origins_of(depot, "mystique")
        a_member(depot, origin, "mystique")

    def test_the_owner_cannot_leave(self, depot: Depot) -> None:
        reply = depot.post(f"/depot/origins/{an_origin(depot)}/depart", by="bobo")

        assert (reply.status, reply.text) == (403, "Departing the owner from the origin is not allowed")

    def test_an_account_that_is_not_a_member_cannot_leave(self, depot: Depot) -> None:
        for origin in (an_origin(depot), "no-such-origin"):
            reply = depot.post(f"/depot/origins/{origin}/depart", by="mystique")
            assert (reply.status, reply.text) == (422, f"Do not have access to the origin '{origin}'")

    def test_an_anonymous_caller_is_401(self, depot: Depot) -> None:
        assert depot.post(f"/depot/origins/{an_origin(depot)}/depart").status == 401
