"""PATCH /depot/pkgs/{origin}/{name}/{version}/{release}/{visibility} (packages.md 8.2)."""

import pytest

from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.packages import a_channel, a_package, promote, set_visibility

WINDOWS = "x86_64-windows"


class TestChecks:
    @pytest.mark.parametrize("by", [None, "mystique", "bobo"])
    def test_1_the_name_and_2_the_visibility_are_checked_before_authentication(
        self, depot: Depot, origin: str, name: str, by: str | None
    ) -> None:
        hart = a_package(depot, origin, name=name)

        bad_name = depot.patch(f"/depot/pkgs/{origin}/wid.get/1/2/purple", by=by)
        assert (bad_name.status, bad_name.text) == (422, f"Invalid package identifier '{origin}/wid.get/1/2'")
        for word in ("purple", "Public", "PRIVATE", "public%20"):
            bad_word = depot.patch(f"{hart.url}/{word}", by=by)
            shown = word.replace("%20", " ")
            assert (bad_word.status, bad_word.text) == (422, f"Invalid package visibility '{shown}'")

    def test_3_the_session_and_the_role_come_next(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        a_member(depot, origin, "wesker", "maintainer")

        for by, status in ((None, 401), ("nonsense", 401), ("mystique", 403), ("hank", 403), ("lkennedy", 403)):
            for word in ("private", "hidden"):
                reply = depot.patch(f"{hart.url}/{word}", by=by)
                assert (reply.status, reply.body) == (status, b"")
        assert depot.patch("/depot/pkgs/nowhere/x/1/2/private", by="bobo").status == 403
        assert depot.get(hart.url).status == 200
        set_visibility(depot, hart, "private", by="wesker")
        assert depot.get(hart.url).status == 404

    def test_4_hidden_is_422_after_the_role(self, depot: Depot, origin: str, name: str) -> None:
        for url in (a_package(depot, origin, name=name).url, f"/depot/pkgs/{origin}/{name}/9/9"):
            reply = depot.patch(f"{url}/hidden", by="bobo")
            assert (reply.status, reply.text) == (422, "Not allowed to set packages to 'hidden'")

    def test_an_unknown_package_is_200(self, depot: Depot, origin: str, name: str) -> None:
        for word in ("public", "private"):
            reply = depot.patch(f"/depot/pkgs/{origin}/{name}/9/9/{word}", by="bobo")
            assert (reply.status, reply.body) == (200, b"")


class TestEffect:
    def test_private_hides_a_package_and_its_memberships_until_it_is_public_again(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        hart = a_package(depot, origin, name=name)
        promote(depot, hart, a_channel(depot, origin, name))

        def visible(by: str | None) -> list[bool]:
            return [
                depot.get(hart.url, by=by).status == 200,
                depot.get(f"/depot/pkgs/{origin}/{name}/latest", by=by).status == 200,
                depot.get(f"{hart.url}/download", by=by).status == 200,
                depot.get(f"{hart.url}/channels", by=by).text != "[]",
                depot.get(f"/depot/pkgs/{origin}/{name}", by=by).json()["total_count"] == 1,
                depot.get(f"/depot/pkgs/{origin}/{name}?distinct=true", by=by).json()["total_count"] == 1,
                depot.get(f"/depot/pkgs/{origin}/{name}/versions", by=by).text != "[]",
                depot.get(hart.in_channel(name), by=by).status == 200,
                depot.get(f"/depot/channels/{origin}/{name}/pkgs", by=by).json()["total_count"] == 1,
                depot.get(f"/depot/channels/{origin}/{name}/pkgs/{name}", by=by).json()["total_count"] == 1,
                depot.get(f"/depot/channels/{origin}/{name}/pkgs/{name}/latest", by=by).status == 200,
                depot.get(f"/depot/channels/{origin}/{name}/pkgs/_latest?target={hart.target}", by=by).json()["data"]
                != [],
            ]

        assert visible(None) == visible("mystique") == visible("hank") == [True] * 12
        before = depot.get(f"{hart.url}/channels").json()

        set_visibility(depot, hart, "private")
        assert visible(None) == visible("mystique") == [False] * 12
        assert visible("hank") == visible("bobo") == [True] * 12
        assert depot.get(hart.url, by="hank").json()["visibility"] == "private"

        set_visibility(depot, hart, "public")
        assert visible(None) == visible("mystique") == visible("hank") == [True] * 12
        assert depot.get(f"{hart.url}/channels").json() == before

    def test_all_targets_change(self, depot: Depot, origin: str, name: str) -> None:
        linux = a_package(depot, origin, name=name)
        a_package(depot, origin, name=name, target=WINDOWS)
        other = a_package(depot, origin, name=name, release="20240301123457")

        set_visibility(depot, linux, "private")

        for target in ("x86_64-linux", WINDOWS):
            assert depot.get(linux.in_channel("unstable"), query={"target": target}).status == 404
            shown = depot.get(linux.in_channel("unstable"), by="hank", query={"target": target}).json()
            assert shown["visibility"] == "private"
        assert depot.get(other.url).status == 200

    def test_a_repeat_changes_nothing(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        set_visibility(depot, hart, "private")
        before = depot.get(hart.url, by="bobo").json()

        set_visibility(depot, hart, "private")

        assert depot.get(hart.url, by="bobo").json() == before

    def test_package_settings_do_not_change(self, depot: Depot, origin: str, name: str) -> None:
        set_visibility(depot, a_package(depot, origin, name=name), "private")

        assert depot.get(f"/settings/{origin}/{name}", by="bobo").json()["visibility"] == "public"
        next_one = a_package(depot, origin, name=name, version="2.0")
        assert depot.get(next_one.url).status == 200

    def test_a_json_content_type_without_a_body_is_accepted(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        reply = depot.patch(f"{hart.url}/private", by="bobo", headers={"Content-Type": "application/json"})

        assert (reply.status, reply.body) == (200, b"")
